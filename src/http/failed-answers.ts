import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Failure } from './failures.js';

/** An answer of the app with a status of 500 or more. */
export interface FailedAnswer {
  /** `METHOD /path`. */
  readonly label: string;
  readonly status: number;
  /** The app's error behind it; undefined where it could not be seen. */
  readonly error: unknown;
  /** The beginning of its body, on one line; empty where the client that asked is none of Lockstep's. */
  readonly body: string;
}

/** Those that are kept; a test that provokes more of them is told by its last ones. */
const KEPT = 50;

interface Log {
  answers: FailedAnswer[];
  watching: boolean;
}

const KEY = Symbol.for('lockstep.failed-answers');

/** One per thread even when the package is loaded twice (see bridge/state.ts): the runner reads what the tests' copy wrote. */
const log: Log = ((globalThis as { [KEY]?: Log })[KEY] ??= { answers: [], watching: false });

/** Notes an answer to a request of the running test, unless its status is below 500. */
export function noteAnswer(answer: FailedAnswer): void {
  if (answer.status < 500) return;

  log.answers.push(answer);
  if (log.answers.length > KEPT) log.answers.shift();
}

/** Those of the current test or hook, oldest first. */
export function failedAnswers(): readonly FailedAnswer[] {
  return log.answers;
}

/** A test begins, or a hook of a `describe`. */
export function forgetAnswers(): void {
  if (log.answers.length > 0) log.answers = [];
}

/** Errors of the app whose request came from another client: supertest itself, fetch, axios. */
const unclaimed = new WeakMap<IncomingMessage, Failure>();

/** Notes an error of the app whose request is none of Lockstep's client. */
export function noteUnclaimed(request: IncomingMessage, failure: Failure): void {
  if (unclaimed.get(request)?.kind !== 'unhandled') unclaimed.set(request, failure);
}

/**
 * Begins to note the answers that the app gives to other clients over real connections, as far as
 * the error behind them could be seen: a server that a test has put in another's place answers 503
 * on purpose.
 */
export function watchUnclaimed(): void {
  if (log.watching) return;
  log.watching = true;

  subscribe('http.server.response.finish', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    const failure = unclaimed.get(request);
    if (failure === undefined) return;

    const { method = 'GET', url = '' } = request;
    noteAnswer({ label: `${method} ${url}`, status: response.statusCode, error: failure.error, body: '' });
  });
}
