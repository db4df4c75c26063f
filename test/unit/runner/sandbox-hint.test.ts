import { expect } from 'chai';
import { sandboxHint } from '#src/runner/sandbox-hint.js';

const HINT = 'It is the name. (Lockstep, see node_modules/lockstep/docs/x.md#name)';
const FAILURE = { code: 'SQLITE_ERROR', message: 'cannot start', hint: HINT };

describe('what the sandbox has to do with an error', () => {
  it('is in its hint, or that of what has caused it', () => {
    const cause = Object.defineProperty(new Error('cannot start'), 'hint', { value: HINT });

    for (const error of [cause, new Error('x', { cause }), Object.assign(new Error('x'), { parent: cause })])
      expect(sandboxHint([error], [])).to.equal(`  ${HINT}`);
  });

  it("is in that of the statement whose message is all that the app's answer says", () => {
    expect(sandboxHint(['{"message":"SQLITE_ERROR: cannot start"}'], [FAILURE])).to.equal(`  ${HINT}`);
    expect(sandboxHint(['not found'], [FAILURE])).to.equal(undefined);
    expect(sandboxHint([new Error('another')], [FAILURE])).to.equal(undefined);
  });

  it('is not what the database itself gives as a hint', () => {
    expect(sandboxHint([Object.assign(new Error('x'), { hint: 'Try another.' })], [])).to.equal(undefined);
    expect(sandboxHint(['cannot start'], [{ ...FAILURE, hint: 'Try another.' }])).to.equal(undefined);
  });
});
