import { expect } from 'chai';
import * as errors from '#src/errors.js';

describe('errors', () => {
  const { ConfigError, LockstepError, SandboxError, StallError } = errors;

  it('say what, why and what to do, and end with their heading of the troubleshooting page', () => {
    const cause = new Error('the cause');
    const error = new StallError({ what: 'What.', why: 'Why.', remedy: 'Remedy.', cause });

    expect(error.message).to.equal(
      'What.\n  Why.\n  Remedy.\n  (LOCKSTEP_STALL, see node_modules/lockstep/docs/troubleshooting.md#lockstep_stall)',
    );
    expect(error).to.include({ name: 'StallError', code: 'LOCKSTEP_STALL', cause });
  });

  it('are instances of their classes', () => {
    const error: unknown = new StallError({ what: 'What.' });

    for (const type of [StallError, SandboxError, LockstepError, Error]) expect(error).to.be.instanceOf(type);
    expect(error).not.to.be.instanceOf(ConfigError);
    for (const other of [new Error('x'), {}, null, undefined, 'x']) expect(other instanceof StallError).to.equal(false);
  });

  it('are instances of the same classes of another copy of the package', async () => {
    const copy = (await import(`${import.meta.resolve('#src/errors.js')}?copy`)) as typeof errors;
    const error: unknown = new copy.StallError({ what: 'What.' });

    expect(copy.StallError).not.to.equal(StallError);
    for (const type of [StallError, SandboxError, LockstepError]) expect(error).to.be.instanceOf(type);
    expect(error).not.to.be.instanceOf(ConfigError);
  });
});
