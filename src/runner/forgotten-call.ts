import { types } from 'node:util';
import { namesOf } from '../bridge/index.js';

/** Calls that wait by themselves, or that nobody has to wait for. */
const KNOWN = new Set([
  ...[
    'client',
    'session',
    'request',
    'supertest',
    'expect',
    'assert',
    'should',
    'sync',
    'syncify',
    'console',
    'process',
  ],
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'queueMicrotask'],
]);
/** Words before a parenthesis that are no calls. */
const WORDS = new Set([
  'if',
  'for',
  'while',
  'switch',
  'catch',
  'function',
  'return',
  'await',
  'async',
  'super',
  'with',
  'void',
  'typeof',
  'new',
  'throw',
  'delete',
  'yield',
  'case',
]);

/** A call at the beginning of a statement, or whose value a variable is given: nobody waits for it there. */
const BARE = /(?:[;{}\n]|=>|=(?!=))\s*((?:[A-Za-z_$][\w$]*(?:\?\.|\.))*[A-Za-z_$][\w$]*)\s*\(/g;

/**
 * The call of a test that it did not wait for, e.g. `createUser(…)`; undefined where that is not certain.
 *
 * @param source of the test's function
 * @param running names of the functions that run now: where one of them was called bare, it is that call
 */
export function forgottenCall(source: string, running: readonly string[]): string | undefined {
  const calls = new Set<string>();
  for (const [, call = ''] of source.matchAll(BARE)) {
    const [root = ''] = call.split(/\?\.|\./);
    if (!KNOWN.has(root) && !WORDS.has(call)) calls.add(call);
  }

  const called = [...calls].filter((call) => running.includes(call.slice(call.lastIndexOf('.') + 1)));
  const [only, second] = called.length > 0 ? called : calls;
  return only === undefined || second !== undefined ? undefined : `${only}(…)`;
}

/** What a test is told whose work goes on behind its end: which call it has not waited for, where that can be seen. */
export function adviceTo({ fn }: { readonly fn: unknown }): string | undefined {
  const call = forgottenCall(String(fn), namesOf(new Error().stack ?? ''));
  if (call === undefined) return undefined;
  // Behind an await, nothing can wait but another.
  return `Write ${types.isAsyncFunction(fn) ? `await ${call}` : `sync(${call})`}: the test did not wait for it.`;
}
