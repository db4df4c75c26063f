import type { ReadOptions, RequestOptions } from '../options.js';
import { RequestError } from '../../errors.js';
import { describe } from '../request/describe.js';
import { addHeaders } from '../request/headers.js';
import { checkStreamOptions, checkWebSocketOptions } from '../request/options.js';
import { formatTarget } from '../request/target.js';
import { obey } from '../signal.js';
import type { User } from '../user.js';
import { ByteSource } from './byte-source.js';
import { Opening } from './opening.js';
import type { WebSocketCore } from './web-socket-core.js';
import { WebSocketOpening } from './web-socket-opening.js';

/** Options of `client.stream` and `client.sse`. */
export interface StreamOptions extends Omit<RequestOptions, 'openapi'> {
  /** Default `GET`, or `POST` when there is a body. */
  readonly method?: string | undefined;
}

/** Options of `client.ws`. */
export interface WebSocketOptions extends Omit<
  ReadOptions,
  'followRedirects' | 'signal' | 'raiseServerErrors' | 'openapi'
> {
  /** Subprotocols that the client offers. */
  readonly protocols?: string | readonly string[] | undefined;
}

/** A session on its way: what is in flight, and what becomes of it. */
export interface Begun<S> {
  readonly session: Promise<S>;
  abort(reason: Error): void;
}

/**
 * Checks the request of a stream; the function returned sends it.
 *
 * @param accept the Accept header that goes with it unless the call names one
 * @param limited the call's name if it watches its own timeout, as no wait does it
 */
export function prepareStream(
  user: User,
  url: string,
  given: StreamOptions,
  accept: string | undefined,
  limited: string | undefined,
): () => Begun<ByteSource> {
  const label = accept === undefined ? 'client.stream' : 'client.sse';
  checkStreamOptions(label, given);
  const { method, ...options } = given;
  // Refused here, as the text that it might be would be taken apart below.
  if (options.headers !== undefined) addHeaders(label, {}, options.headers);

  const hasBody = [options.json, options.form, options.files, options.body].some((body) => body !== undefined);
  // Compression would hold back what the app has sent already.
  const headers = { 'accept-encoding': 'identity', ...(accept === undefined ? {} : { accept }), ...options.headers };
  const request = user.plan(method ?? (hasBody ? 'POST' : 'GET'), url, { ...options, headers });

  return () => {
    const opening = new Opening(
      user,
      request,
      options,
      limited === undefined ? undefined : user.deadline(options.timeout, limited),
    );
    const session = opening.response.then((opened) => {
      let release = (): void => undefined;
      const source: ByteSource = new ByteSource(opened, () => {
        release();
        user.desk.sessions.forget(source);
      });
      user.desk.sessions.keep(source);
      if (options.signal !== undefined) release = obey(options.signal, (reason) => source.abort(reason));
      return source;
    });
    session.catch(() => undefined);
    return { session, abort: (reason) => opening.abort(reason) };
  };
}

/** A WebSocket and the URL that it was opened at. */
export interface OpenedWebSocket {
  readonly core: WebSocketCore;
  readonly url: string;
}

/** Checks the handshake of a WebSocket; the function returned sends it. */
export function prepareWebSocket(
  user: User,
  url: string,
  given: WebSocketOptions,
  limited: string | undefined,
): () => Begun<OpenedWebSocket> {
  checkWebSocketOptions('client.ws', given);
  const { protocols = [], ...options } = given;
  const http = typeof url === 'string' ? url.replace(/^ws(s?):\/\//i, 'http$1://') : url;
  const request = user.plan('GET', http, options);
  const offered = readProtocols(url, protocols);

  return () => {
    const opening = new WebSocketOpening(
      user,
      request,
      offered,
      limited === undefined ? undefined : user.deadline(options.timeout, limited),
    );
    const opened = formatTarget(request.target).replace(/^http/, 'ws');
    const session = opening.response.then((core) => ({ core, url: opened }));
    session.catch(() => undefined);
    return { session, abort: (reason) => opening.abort(reason) };
  };
}

function readProtocols(url: string, protocols: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(protocols) ? protocols : [protocols];
  const wrong = list.find((each) => typeof each !== 'string' || each === '');
  if (wrong === undefined && new Set(list).size === list.length) return list as readonly string[];

  throw new RequestError({
    what: `WebSocket ${url}: protocols ${wrong === undefined ? 'has one of them twice' : `contains ${describe(wrong)}`}.`,
    remedy: "Give names of subprotocols, each once: { protocols: ['v2.chat', 'v1.chat'] }.",
  });
}
