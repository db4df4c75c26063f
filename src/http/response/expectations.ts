import { STATUS_CODES } from 'node:http';
import { inspect } from 'node:util';
import { ExpectationError, RequestError } from '../../errors.js';
import { describe } from '../request/describe.js';
import type { Response } from '../response.js';
import { explanation } from './explanation.js';
import { differences } from './partial.js';

/** Differences that a message lists. */
const LISTED = 10;

/** @throws ExpectationError unless the response has this status. */
export function expectStatus(response: Response, status: number): void {
  const wanted: unknown = status;
  if (typeof wanted !== 'number' || !Number.isInteger(wanted) || wanted < 100 || wanted > 999) {
    throw new RequestError({
      what: `response.expect: the status is ${describe(wanted)}.`,
      remedy: 'Give a number, e.g. res.expect(200); compare bodies with res.expectJson or with assertions.',
    });
  }
  if (response.status === status) return;

  throw failure(response, `wanted status ${named(status)}, got ${named(response.status, response.statusText)}`, {
    expected: status,
    actual: response.status,
  });
}

/** @throws ExpectationError when the status is 400 or more. */
export function expectSuccess(response: Response): void {
  if (response.status < 400) return;
  throw failure(response, `wanted a success, got ${named(response.status, response.statusText)}`, {});
}

/** @throws ExpectationError unless the body has what `partial` has. */
export function expectJson(response: Response, partial: unknown): void {
  const body: unknown = response.json();
  const found = differences(partial, body);
  if (found.length === 0) return;

  const lines = found.slice(0, LISTED).map(({ path, wanted, got }) => {
    const place = path === '' ? 'the body' : path;
    return `  ${place}: wanted ${shown(wanted)}, got ${got === undefined ? 'nothing' : shown(got)}`;
  });
  if (found.length > LISTED) lines.push(`  and ${found.length - LISTED} more`);
  throw failure(response, ['the JSON body is not as wanted', ...lines].join('\n  '), {
    expected: partial,
    actual: body,
  });
}

function failure(response: Response, what: string, values: { expected?: unknown; actual?: unknown }): ExpectationError {
  return new ExpectationError(
    { what: `${response.method} ${response.url}: ${what}`, why: explanation(response) },
    values,
  );
}

function named(status: number, text = STATUS_CODES[status] ?? ''): string {
  return text === '' ? String(status) : `${status} ${text}`;
}

function shown(value: unknown): string {
  const text = inspect(value, { depth: 3, breakLength: Infinity, maxArrayLength: 10, maxStringLength: 200 });
  return text.length > 300 ? `${text.slice(0, 297)}...` : text;
}
