import { inspect } from 'node:util';
import { differences } from '../http/response/partial.js';
import type { ChaiCopy, Expectation } from './plugin.js';
import { named, Subject } from './subject.js';

/** Differences that a message lists. */
const LISTED = 10;

/** `.status`, `.header`, `.json`, `.redirectTo` and `.cookie`. */
export function addResponseAssertions({ Assertion }: ChaiCopy): void {
  Assertion.addMethod('status', function (this: Expectation, wanted: number) {
    const subject = new Subject('status', this._obj);

    this.assert(
      subject.status === wanted,
      () => `expected status ${named(wanted)}, got ${named(subject.status)}${subject.describe()}`,
      () => `expected a status other than ${named(wanted)}${subject.describe()}`,
      wanted,
      subject.status,
    );
  });

  Assertion.addMethod('header', function (this: Expectation, name: string, wanted?: string | RegExp) {
    const subject = new Subject('header', this._obj);
    const got = subject.header(name);
    const what = `header ${name}${wanted === undefined ? '' : `: ${show(wanted)}`}`;

    this.assert(
      got !== undefined && (wanted === undefined || matches(wanted, got)),
      () =>
        `expected ${what}, got ${got === undefined ? `none (there are ${subject.headerNames.join(', ')})` : show(got)}${subject.describe()}`,
      () => `expected no ${what}${wanted === undefined ? `, got ${show(got)}` : ''}${subject.describe()}`,
      wanted instanceof RegExp ? undefined : wanted,
      wanted instanceof RegExp ? undefined : got,
    );
  });

  Assertion.addMethod('json', function (this: Expectation, ...partial: readonly unknown[]) {
    const subject = new Subject('json', this._obj);
    const read = readJson(subject);
    if (read === undefined) {
      this.assert(
        false,
        () => `expected a JSON body, got ${subject.header('content-type') ?? 'no content type'}${subject.describe()}`,
        '',
      );
      return;
    }

    const found = partial.length === 0 ? [] : differences(partial[0], read.value);
    this.assert(
      found.length === 0,
      () => `expected the JSON body to have what is wanted\n${list(found)}${subject.describe()}`,
      () => `expected a JSON body without ${show(partial[0])}${subject.describe()}`,
      partial[0],
      read.value,
    );
  });

  Assertion.addMethod('redirectTo', function (this: Expectation, wanted: string | RegExp) {
    const subject = new Subject('redirectTo', this._obj);
    const { location } = subject;

    this.assert(
      location !== undefined && (matches(wanted, location) || matches(wanted, pathOf(location))),
      () =>
        `expected a redirect to ${show(wanted)}, got ${location === undefined ? 'none' : show(location)}${subject.describe()}`,
      () => `expected no redirect to ${show(wanted)}${subject.describe()}`,
      wanted instanceof RegExp ? undefined : wanted,
      wanted instanceof RegExp ? undefined : location,
    );
  });

  Assertion.addMethod('cookie', function (this: Expectation, name: string, wanted?: string | RegExp) {
    const subject = new Subject('cookie', this._obj);
    const got = subject.cookies.findLast((cookie) => cookie.name === name)?.value;
    const names = subject.cookies.map((cookie) => cookie.name).join(', ') || 'none';
    const what = `the cookie ${name}${wanted === undefined ? '' : ` to be set to ${show(wanted)}`}`;

    this.assert(
      got !== undefined && (wanted === undefined || matches(wanted, got)),
      () =>
        `expected ${what}, got ${got === undefined ? `no such cookie (set are: ${names})` : show(got)}${subject.describe()}`,
      () => `expected ${what} not at all, got ${show(got)}${subject.describe()}`,
      wanted instanceof RegExp ? undefined : wanted,
      wanted instanceof RegExp ? undefined : got,
    );
  });
}

function readJson(subject: Subject): { readonly value: unknown } | undefined {
  const { text } = subject;
  // A parser of the test's own leaves no text.
  if (text === undefined) return { value: subject.body };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function list(found: ReturnType<typeof differences>): string {
  const lines = found.slice(0, LISTED).map(({ path, wanted, got }) => {
    const place = path === '' ? 'the body' : path;
    return `    ${place}: wanted ${show(wanted)}, got ${got === undefined ? 'nothing' : show(got)}`;
  });
  if (found.length > LISTED) lines.push(`    and ${found.length - LISTED} more`);
  return lines.join('\n');
}

function matches(wanted: string | RegExp, got: string): boolean {
  return wanted instanceof RegExp ? wanted.test(got) : wanted === got;
}

/** An absolute URL without its origin. */
function pathOf(location: string): string {
  return location.replace(/^https?:\/\/[^/?#]*/i, '') || '/';
}

function show(value: unknown): string {
  const text = inspect(value, { depth: 3, breakLength: Infinity });
  return text.length > 300 ? `${text.slice(0, 297)}...` : text;
}
