import type { Readable } from 'node:stream';
import { RequestError } from '../../errors.js';
import { readCookies } from '../cookies/check.js';
import type { Auth, RequestHeaders, RequestOptions } from '../options.js';
import { authorization } from './auth.js';
import { checkAddress } from './address.js';
import { encodeBody } from './body.js';
import { describe } from './describe.js';
import { addHeaders } from './headers.js';
import type { HeaderList } from './headers.js';
import { checkOptions } from './options.js';
import { readTarget } from './target.js';
import type { Target } from './target.js';

/** A request that can be sent: everything checked and encoded. */
export interface PlannedRequest {
  /** Upper case. */
  readonly method: string;
  readonly target: Target;
  /** By lower-case name, `host` among them. */
  readonly headers: HeaderList;
  readonly body: Buffer | Readable | undefined;
  /** Cookies of this call alone; those of the jar are added when it is sent. */
  readonly cookies?: ReadonlyMap<string, string | null> | undefined;
  /** The sender's IP address, where it is not the usual one. */
  readonly clientAddress?: string | undefined;
}

/** What a client adds to each of its requests. */
export interface RequestDefaults {
  readonly headers?: RequestHeaders | undefined;
  readonly auth?: Auth | undefined;
  readonly baseUrl?: string | undefined;
  readonly clientAddress?: string | undefined;
}

/**
 * Turns a client call into a request.
 *
 * @throws RequestError for every call that cannot be a request, before anything is sent.
 */
export function planRequest(
  method: string,
  url: string,
  options: RequestOptions,
  defaults: RequestDefaults = {},
): PlannedRequest {
  const name = checkMethod(method);
  const label = `${name} ${typeof url === 'string' ? printable(url) : '(no URL)'}`;
  checkOptions(label, name, options);
  const target = readTarget(label, url, options.params, defaults.baseUrl);

  const headers: HeaderList = { host: target.host, 'accept-encoding': 'gzip, deflate, br' };
  if (defaults.headers !== undefined) addHeaders(label, headers, defaults.headers);
  const auth = options.auth === undefined ? defaults.auth : options.auth;
  if (auth !== undefined && auth !== null) headers['authorization'] = authorization(label, auth);
  if (options.auth === null) delete headers['authorization'];
  const body = encodeBody(label, options);
  if (body?.contentType !== undefined) headers['content-type'] = body.contentType;
  if (body?.length !== undefined) headers['content-length'] = String(body.length);
  if (options.headers !== undefined) addHeaders(label, headers, options.headers);
  if (Buffer.isBuffer(body?.content)) headers['content-length'] ??= String(body.content.length);

  const cookies = options.cookies === undefined ? undefined : readCookies(label, options.cookies);
  const clientAddress = options.clientAddress ?? defaults.clientAddress;
  if (options.clientAddress !== undefined) checkAddress(label, options.clientAddress);
  return { method: name, target, headers, body: body?.content, cookies, clientAddress };
}

function checkMethod(method: unknown): string {
  if (typeof method === 'string' && /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(method)) return method.toUpperCase();

  throw new RequestError({
    what: `client.request: the method is ${describe(method)}.`,
    remedy: "The method comes first: client.request('GET', '/users').",
  });
}

function printable(url: string): string {
  const short = url.length > 200 ? `${url.slice(0, 197)}...` : url;
  return short.replace(/[\x00-\x1f\x7f]/g, '?');
}
