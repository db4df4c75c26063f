import { RequestError } from '../../errors.js';
import type { RaiseServerErrors, RequestOptions } from '../options.js';
import { describe } from './describe.js';
import { checkNames } from './names.js';

const OPTIONS = [
  'params',
  'headers',
  'json',
  'form',
  'files',
  'body',
  'cookies',
  'auth',
  'timeout',
  'raiseServerErrors',
  'followRedirects',
  'clientAddress',
  'signal',
  'openapi',
] as const satisfies readonly (keyof RequestOptions)[];

const STREAM_OPTIONS = ['method', ...OPTIONS.filter((name) => name !== 'openapi')];

const WEB_SOCKET_OPTIONS = ['protocols', 'params', 'headers', 'cookies', 'auth', 'clientAddress', 'timeout'];

/** What other HTTP clients call our options. */
const FOREIGN: Readonly<Record<string, string>> = {
  data: 'json',
  payload: 'json',
  send: 'json',
  query: 'params',
  qs: 'params',
  search: 'params',
  searchparams: 'params',
  maxredirects: 'followRedirects',
  redirect: 'followRedirects',
  redirects: 'followRedirects',
  attach: 'files',
  file: 'files',
  multipart: 'files',
  formdata: 'form',
  urlencoded: 'form',
  token: 'auth',
  bearer: 'auth',
  authorization: 'auth',
  jar: 'cookies',
  ip: 'clientAddress',
  remoteaddress: 'clientAddress',
  abort: 'signal',
};

/**
 * Refuses options that a call cannot mean.
 *
 * @throws RequestError naming the option, and the nearest valid one.
 */
export function checkOptions(label: string, method: string, options: RequestOptions): void {
  checkNames(label, options, OPTIONS, FOREIGN, bodyHint(options));
  checkBodyOptions(label, method, options);
  if (options.auth !== undefined && hasHeader(options.headers, 'authorization'))
    throw twice(label, 'auth', 'authorization');
  if (options.cookies !== undefined && hasHeader(options.headers, 'cookie')) throw twice(label, 'cookies', 'cookie');
  if (options.timeout !== undefined) checkTimeout(label, options.timeout);
  if (options.raiseServerErrors !== undefined) checkRaise(label, options.raiseServerErrors);
  if (options.followRedirects !== undefined) checkFlag(label, 'followRedirects', options.followRedirects);
  if (options.openapi !== undefined) checkFlag(label, 'openapi', options.openapi);
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw new RequestError({
      what: `${label}: signal is ${describe(options.signal)}.`,
      remedy: 'Give an AbortSignal, e.g. AbortSignal.timeout(20).',
    });
  }
}

/** Other clients take the body where options are. */
function bodyHint(given: object | null): string {
  const names = Object.keys(given ?? {});
  const [first] = names;
  if (first === undefined || names.some((name) => (OPTIONS as readonly string[]).includes(name))) return '';
  return `To send it as the body: { json: { ${first}: … } }.`;
}

/** @throws RequestError for an option that `client.stream` and `client.sse` do not have. */
export function checkStreamOptions(label: string, options: unknown): void {
  checkNames(label, options, STREAM_OPTIONS, FOREIGN);
}

/** @throws RequestError for an option that `client.ws` does not have. */
export function checkWebSocketOptions(label: string, options: unknown): void {
  checkNames(label, options, WEB_SOCKET_OPTIONS, FOREIGN);
}

/** @throws RequestError for options of a wait other than a timeout. */
export function checkWaitOptions(label: string, options: { readonly timeout?: unknown }): void {
  checkNames(label, options, ['timeout']);
  if (options.timeout !== undefined) checkTimeout(label, options.timeout);
}

/** @throws RequestError unless `value` is true or false. */
export function checkFlag(label: string, name: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  throw new RequestError({ what: `${label}: ${name} is ${describe(value)}.`, remedy: 'Give true or false.' });
}

/** @throws RequestError unless `timeout` is a positive number of milliseconds. */
export function checkTimeout(label: string, timeout: unknown): void {
  if (typeof timeout === 'number' && Number.isFinite(timeout) && timeout > 0) return;

  throw new RequestError({
    what: `${label}: timeout is ${describe(timeout)}.`,
    remedy: "Give a positive number of milliseconds, or leave it out for the test's own timeout.",
  });
}

/** @throws RequestError unless `raise` is one of the three settings. */
export function checkRaise(label: string, raise: unknown): asserts raise is RaiseServerErrors {
  if (raise === 'unhandled' || raise === '5xx' || raise === false) return;

  throw new RequestError({
    what: `${label}: raiseServerErrors is ${describe(raise)}.`,
    remedy: "Give 'unhandled' (the default), '5xx' or false.",
  });
}

/** @throws RequestError unless `transport` is one of the two. */
export function checkTransport(label: string, transport: unknown): void {
  if (transport === 'memory' || transport === 'tcp') return;

  throw new RequestError({
    what: `${label}: transport is ${describe(transport)}.`,
    remedy: "Give 'memory' (the default, without a port) or 'tcp' (a port of the loopback interface).",
  });
}

function checkBodyOptions(label: string, method: string, options: RequestOptions): void {
  const bodies = (['json', 'form', 'files', 'body'] as const).filter((key) => options[key] !== undefined);
  const together = bodies.join(' and ');

  if (bodies.length > 1 && together !== 'form and files') {
    throw new RequestError({
      what: `${label}: ${together} are given together.`,
      why: 'A request has one body.',
      remedy: bodies.includes('files') ? 'Beside files, give further fields as form.' : 'Keep one of them.',
    });
  }
  if (bodies.length > 0 && (method === 'GET' || method === 'HEAD')) {
    throw new RequestError({
      what: `${label}: a ${method} request cannot have ${together}.`,
      why: `The body of a ${method} request has no meaning (RFC 9110, section 9.3), and servers drop it.`,
      remedy: 'Use params for a query string, or client.post for a body.',
    });
  }
}

function hasHeader(headers: unknown, name: string): boolean {
  return (
    typeof headers === 'object' && headers !== null && Object.keys(headers).some((key) => key.toLowerCase() === name)
  );
}

function twice(label: string, option: string, header: string): RequestError {
  return new RequestError({
    what: `${label}: ${option} and the header ${header} are given together.`,
    why: 'Both say what is sent in that header.',
    remedy: 'Keep one of them.',
  });
}
