import type { RunnerWords } from '../words.js';

/** What messages say to users of mocha. */
export const words: RunnerWords = {
  name: 'mocha',
  packages: ['mocha'],
  install: 'Add "lockstep/mocha" to `require` in .mocharc.json',
  first: 'lockstep/mocha the first entry of "require" in .mocharc.json',
  early: 'A file of yours that imports the app comes behind "lockstep/mocha" in "require"',
  loader: 'add "tsx" before "lockstep/mocha" to `require` in .mocharc.json',
  tooEarly: 'a root hook of a plug-in that is required before "lockstep/mocha"',
  order: 'require "lockstep/mocha" before other plug-ins',
  hook: 'a before() or beforeEach() hook',
  lastHook: 'an after() hook',
  timeout: 'this.timeout(ms)',
  parallel: '--parallel',
  asOneCall: "rollback(this, 'suite')",
  outsideCall: 'outside(this)',
  outside: 'a describe with outside(this) of lockstep/mocha',
};
