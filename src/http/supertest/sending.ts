import { appendTestFrames } from '../../bridge/index.js';
import { passageOf, type Passage } from './passage.js';
import type { Finish, PlainResponse, PlainTest } from './shape.js';
import { waitFor } from '../wait.js';
import { dropOwnFrames } from './stack.js';
import { nextTick } from '../../real-time.js';

/** Notes that a request is on its way. What is returned is to be called with its end. */
export function begin(test: PlainTest, passage: Passage): Finish {
  const { promise, resolve, reject } = withResolvers();
  // Who waits in a callback is told there; nobody else may be looking at the promise.
  promise.catch(() => undefined);
  passage.send(promise);

  const finish: Finish = (error, response) => {
    // What was expected so far has been checked.
    test._asserts = [];
    const failed = (error !== null && error !== undefined) || response === undefined;
    passage.end(failed ? { kind: 'failed', error } : { kind: 'answered', response });
    if (failed) reject(error);
    else resolve(response);
  };
  test.on('abort', () => {
    // A timeout reports itself, and a retry takes the abort back.
    nextTick(() => {
      if (test._aborted === true && passage.pending) finish(abortError(passage));
    });
  });
  // superagent calls back for everything but an answer that goes into a stream.
  if (test.piped === true) test.on('end', () => finish(null, passage.response));
  return finish;
}

/** Sends a request unless it is sent; resolves with its answer. */
export function sent(test: PlainTest): Promise<PlainResponse> {
  const passage = passageOf(test);
  if (passage.promise === undefined && passage.outcome === undefined) test.end();
  if (passage.promise !== undefined) return passage.promise;

  // Aborted before it was sent.
  const { outcome } = passage;
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- made by abortError
  return Promise.reject(outcome?.kind === 'failed' ? outcome.error : abortError(passage));
}

/** The answer, which is waited for if it is not there yet. */
export function answerOf(test: PlainTest): PlainResponse {
  const passage = passageOf(test);

  if (passage.outcome === undefined) {
    try {
      waitFor(
        () => `${passage.label} (supertest)`,
        () => sent(test),
      );
    } catch (error) {
      // The wait may have failed while the request did not; nothing stays in flight behind the test's back.
      if (passage.sent && passage.pending) {
        test.abort();
        passage.end({ kind: 'failed', error });
      }
      if (error instanceof Error) dropOwnFrames(error);
      throw error;
    }
  }
  const { outcome } = passage;
  if (outcome?.kind === 'answered') return outcome.response;
  throw outcome?.error;
}

/** The answer, unless the app failed and the test has not said that it should. */
export function readable(test: PlainTest): PlainResponse {
  const response = answerOf(test);
  const { unreported } = passageOf(test);
  if (unreported !== undefined) throw raised(unreported.error);
  return response;
}

/** An error of the app on its way to the test, with the test's line. */
export function raised(error: unknown): unknown {
  appendTestFrames(error, raised);
  return error;
}

export function abortError({ label }: Passage): Error {
  return Object.assign(new Error(`Aborted: ${label}`), { code: 'ABORTED' });
}

interface Resolvers {
  readonly promise: Promise<PlainResponse>;
  readonly resolve: (response: PlainResponse) => void;
  readonly reject: (error: unknown) => void;
}

/** Promise.withResolvers, which Node 20 does not have. */
function withResolvers(): Resolvers {
  let resolve!: Resolvers['resolve'];
  let reject!: Resolvers['reject'];
  const promise = new Promise<PlainResponse>((resolveIt, rejectIt) => {
    resolve = resolveIt;
    reject = rejectIt;
  });

  return { promise, resolve, reject };
}
