import type { Agent } from 'node:http';
import { RequestError } from '../errors.js';
import { AsyncClient } from './async-client.js';
import type { Call } from './call.js';
import { callName } from './call-name.js';
import type { Collector } from './collector.js';
import type { Cookies } from './cookies/cookies.js';
import type { ReadOptions, RequestOptions, UserOptions } from './options.js';
import type { Response } from './response.js';
import { settle, checkSettle } from './settle/settling.js';
import type { SettleOptions } from './settle/settling.js';
import { originOf } from './transport/origin.js';
import { EventStream, eventSource } from './sessions/events.js';
import { prepareStream, prepareWebSocket } from './sessions/open.js';
import type { Begun, StreamOptions, WebSocketOptions } from './sessions/open.js';
import type { WaitOptions } from './sessions/session.js';
import { Stream } from './sessions/stream.js';
import { WebSocketSession } from './sessions/web-socket.js';
import type { User } from './user.js';
import { waitFor } from './wait.js';

/** The values that the functions given to `client.all` stand for, position by position. */
export type AllResults<W extends readonly (() => unknown)[]> = {
  -readonly [K in keyof W]: Awaited<ReturnType<W[K]>>;
};

/* eslint-disable @typescript-eslint/no-explicit-any -- a body's shape is known to the test only */

/**
 * The synchronous HTTP client: every call returns when the app has answered.
 *
 * An error that the app left unhandled is thrown by the call, as the object that the app threw (see
 * {@link RaiseServerErrors}).
 *
 * Every call throws `RequestError` for a request that cannot be made, `SyncTimeoutError` or
 * `DeadlockError` naming the request when the app does not answer, and `AppError` when the app
 * cannot be started. After a failed wait the request is aborted: the app sees its connection close.
 */
export class Client {
  /** The same calls, returning promises, for tests that stay async. */
  readonly async: AsyncClient;
  /** The cookie jar. Tests see in it what the app has set, and may put cookies in. */
  readonly cookies: Cookies;

  /**
   * Connections to the app for other HTTP clients of Node: `http.request({ agent: client.agent, path: '/' })`,
   * socket.io-client and the like.
   */
  readonly agent: Agent;

  readonly #user: User;
  readonly #collector: Collector;

  constructor(user: User, collector: Collector) {
    this.#user = user;
    this.#collector = collector;
    this.cookies = user.cookies;
    this.agent = user.agent;
    this.async = new AsyncClient(user);
  }

  get<T = any>(url: string, options?: ReadOptions): Response<T> {
    return this.request('GET', url, options);
  }

  head<T = any>(url: string, options?: ReadOptions): Response<T> {
    return this.request('HEAD', url, options);
  }

  post<T = any>(url: string, options?: RequestOptions): Response<T> {
    return this.request('POST', url, options);
  }

  put<T = any>(url: string, options?: RequestOptions): Response<T> {
    return this.request('PUT', url, options);
  }

  patch<T = any>(url: string, options?: RequestOptions): Response<T> {
    return this.request('PATCH', url, options);
  }

  delete<T = any>(url: string, options?: RequestOptions): Response<T> {
    return this.request('DELETE', url, options);
  }

  options<T = any>(url: string, options?: RequestOptions): Response<T> {
    return this.request('OPTIONS', url, options);
  }

  request<T = any>(method: string, url: string, options: RequestOptions = {}): Response<T> {
    const collecting = this.#collector.active;
    const begin = this.#user.prepare(method, url, options, collecting ? callName('client', method, url) : undefined);
    if (collecting) return this.#collector.add(begin()) as Response<T>;

    const timeout = options.timeout ?? this.#user.defaults.timeout;
    let call: Call | undefined;
    try {
      // Begun inside the wait, so that nothing is sent where waiting is refused.
      return waitFor(
        () => callName('client', method, url),
        () => (call = begin()).response,
        timeout,
      ) as Response<T>;
    } catch (error) {
      // The wait may have failed while the request did not; nothing stays in flight behind the test's back.
      call?.abort(asError(error));
      throw error;
    }
  }

  /**
   * Another user of the same app: base URL, default headers and settings are this client's unless
   * `options` says otherwise, the cookie jar is a fresh one.
   *
   * @throws RequestError for options that no request could be made with.
   */
  as(options: UserOptions = {}): Client {
    return new Client(this.#user.as(options), this.#collector);
  }

  /**
   * Scheme, host and port under which other programs reach the app: `http://127.0.0.1:40123`. Starts
   * the app if need be.
   *
   * @throws RequestError unless the transport is `'tcp'`.
   */
  origin(): string {
    return originOf(
      this.#user.desk.line ??
        waitFor(
          () => 'client.origin()',
          () => this.#user.desk.begin(),
        ),
    );
  }

  /** Opens an answer that is read while the app is still sending it; returns when its head has arrived. */
  stream(url: string, options: StreamOptions = {}): Stream {
    return new Stream(
      this.#user,
      this.#open('stream', url, options, prepareStream(this.#user, url, options, undefined, undefined)),
    );
  }

  /** Opens an answer of server-sent events; returns when its head has arrived. */
  sse(url: string, options: StreamOptions = {}): EventStream {
    const begin = prepareStream(this.#user, url, options, 'text/event-stream', undefined);
    return new EventStream(this.#user, eventSource(this.#open('sse', url, options, begin)));
  }

  /**
   * Opens a WebSocket; returns when the app has accepted it.
   *
   * @throws UpgradeError with status, headers and text of the answer when the app refuses it.
   */
  ws(url: string, options: WebSocketOptions = {}): WebSocketSession {
    const opened = this.#open('ws', url, options, prepareWebSocket(this.#user, url, options, undefined));
    return new WebSocketSession(this.#user, opened.core, opened.url);
  }

  /**
   * Waits until the app has finished what it was doing when it answered: requests in flight,
   * transactions, its requests to other services, file operations, and timers that fire once.
   *
   * @throws SyncTimeoutError naming what is not finished after `timeout` milliseconds (default 1000).
   */
  settle(options: SettleOptions = {}): void {
    checkSettle(options);
    waitFor(
      () => 'client.settle()',
      () => settle(this.#user.desk, options),
    );
  }

  /**
   * Sends several requests at the same time and returns their responses in order.
   *
   * Inside the given functions a call only starts its request and returns a stand-in, to be returned
   * by the function: `client.all(() => client.get('/a'), () => client.post('/b', { json }))`.
   *
   * @throws the first failure, in order, after all requests have settled.
   */
  all<const W extends readonly (() => unknown)[]>(...works: W): AllResults<W>;
  /** The same, given one list. */
  all<const W extends readonly (() => unknown)[]>(works: W): AllResults<W>;
  all(...given: readonly unknown[]): unknown[] {
    const [first] = given;
    const works = (given.length === 1 && Array.isArray(first) ? first : given) as readonly (() => unknown)[];
    let calls: readonly Call[] = [];

    try {
      const outcomes = waitFor(
        () => 'client.all()',
        () => {
          const collected = this.#collector.collect(works);
          ({ calls } = collected);
          return Promise.allSettled(collected.works);
        },
      );
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
    } catch (error) {
      for (const call of calls) call.abort(asError(error));
      throw error;
    }
  }

  #open<S>(name: string, url: string, options: WaitOptions, begin: () => Begun<S>): S {
    if (this.#collector.active) throw insideAll(name);

    let begun: Begun<S> | undefined;
    try {
      const timeout = options.timeout ?? this.#user.defaults.timeout;
      return waitFor(
        () => callName('client', name, url),
        () => (begun = begin()).session,
        timeout,
      );
    } catch (error) {
      begun?.abort(asError(error));
      throw error;
    }
  }
}

/* eslint-enable @typescript-eslint/no-explicit-any */

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}

function insideAll(name: string): RequestError {
  return new RequestError({
    what: `client.${name} was called inside a function given to client.all.`,
    why: 'client.all sends requests at the same time and waits for their complete answers.',
    remedy: `Open it before or after: client.${name} returns as soon as it is open.`,
  });
}
