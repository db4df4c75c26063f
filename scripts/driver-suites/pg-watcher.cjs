// Loaded before each file of pg's tests: reports what becomes of each test that the file's own runner runs. The runner
// ends the process with the first that fails; another is started for those behind it.
const { appendFileSync } = require('node:fs');
const Module = require('node:module');

const report = process.env.LOCKSTEP_SUITES_REPORT;
const tell = (name, state, error) => appendFileSync(report, `${JSON.stringify({ name, state, error })}\n`);
const load = Module._load;
const watched = new WeakSet();
let toPass = Number(process.env.LOCKSTEP_SUITES_FROM);

Module._load = function (request, ...rest) {
  const loaded = load.call(this, request, ...rest);
  if (request === './suite' && !watched.has(loaded)) {
    watched.add(loaded);
    watch(loaded.prototype);
  }
  return loaded;
};

function watch(suite) {
  const { run } = suite;
  suite.run = function (test, done) {
    if (!test.action) return run.call(this, test, done);
    if (toPass > 0) {
      toPass -= 1;
      return done();
    }

    const { name } = test;
    const runTest = test.run;
    tell(name, 'started');
    test.run = function (finished) {
      return runTest.call(this, (error) => {
        tell(name, error ? 'failed' : 'passed', error ? String(error.stack ?? error) : undefined);
        finished(error);
      });
    };
    return run.call(this, test, done);
  };
}
