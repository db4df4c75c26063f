import { STATUS_CODES } from 'node:http';
import { types } from 'node:util';
import { sync } from '../../bridge/index.js';
import { isThenable } from '../apps/guard.js';
import { excerpt } from '../parse.js';
import type { Passage } from './passage.js';
import { raised } from './sending.js';
import type { Assert, PlainResponse } from './shape.js';
import { dropInnerFrames, dropOwnFrames, showAnswer } from './stack.js';

/**
 * Checks an answer at once.
 *
 * @param ownCheck whether the expectation is a function of the test's
 * @throws the failed expectation, or the app's error that explains it.
 */
export function check(passage: Passage, assert: Assert, response: PlainResponse, ownCheck: boolean): void {
  let found: unknown;
  try {
    found = assert(response);
    if (isPromise(found)) found = sync(found);
  } catch (error) {
    found = error instanceof Error ? error : new Error(String(error), { cause: error });
  }

  if (!(found instanceof Error)) return;
  if (passage.unreported !== undefined) throw raised(passage.unreported.error);
  throw shown(found, passage, response, ownCheck);
}

/** Whether what was given to `.expect()` speaks of the status. */
export function isStatus(wanted: unknown): boolean {
  return typeof wanted === 'number' || (Array.isArray(wanted) && wanted.every((status) => typeof status === 'number'));
}

/** Reading `then` of a proxy could have effects of its own; what an async function returns is none. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return !types.isProxy(value) && isThenable(value);
}

/** A failed expectation with the answer that failed it, and without frames that tell nothing. */
function shown(error: Error, { label }: Passage, { status, text }: PlainResponse, ownCheck: boolean): Error {
  const body = typeof text === 'string' ? `: ${excerpt(text)}` : '';

  if (!ownCheck) dropInnerFrames(error);
  dropOwnFrames(error);
  showAnswer(error, `${label} answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd() + body);
  return error;
}
