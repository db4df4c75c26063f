import { expect } from 'chai';
import { receiveError, sendError } from '#src/engine/postgres/relay/hosts/worker/messages.js';
import { ServerError } from '#src/errors.js';

describe('an error that crosses from the relay into the thread of the tests', () => {
  it('keeps a reason of several lines, and the remedy behind it', () => {
    const error = new ServerError({
      what: 'The server for the tests does not start.',
      why: 'it ended with code 1; its log says:\n    FATAL:  one\n\n    HINT:  two',
      remedy: 'Mend database.embedded.settings.',
    });

    expect(receiveError(sendError(error)).message).to.equal(error.message);
  });

  it('keeps its class and its cause, by name, message and code', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
    const received = receiveError(sendError(new ServerError({ what: 'Cannot connect.', cause: refused })));

    expect(received).to.be.instanceOf(ServerError);
    expect(received.cause).to.be.instanceOf(Error);
    expect(received.cause).to.include({ message: refused.message, code: 'ECONNREFUSED' });
  });

  it('has no cause where there was none', () => {
    expect(receiveError(sendError(new ServerError({ what: 'Cannot connect.' })))).not.to.have.property('cause');
  });

  it('keeps the stack of one that is not of Lockstep', () => {
    const error = new TypeError('x is not a function');

    expect(receiveError(sendError(error)).cause).to.equal(error.stack);
  });
});
