import { callName } from './call-name.js';
import type { Cookies } from './cookies/cookies.js';
import type { ReadOptions, RequestOptions, UserOptions } from './options.js';
import type { Response } from './response.js';
import { AsyncEventStream, eventSource } from './sessions/events.js';
import { prepareStream, prepareWebSocket } from './sessions/open.js';
import type { StreamOptions, WebSocketOptions } from './sessions/open.js';
import { AsyncStream } from './sessions/stream.js';
import { AsyncWebSocketSession } from './sessions/web-socket.js';
import { settle, checkSettle } from './settle/settling.js';
import type { SettleOptions } from './settle/settling.js';
import { startedWithin } from './starting.js';
import { originOf } from './transport/origin.js';
import type { User } from './user.js';

/* eslint-disable @typescript-eslint/no-explicit-any -- a body's shape is known to the test only */

/** The client for tests that stay async; see `Client` for what its promises reject with. */
export class AsyncClient {
  /** The cookie jar, shared with the synchronous client. */
  readonly cookies: Cookies;

  readonly #user: User;

  constructor(user: User) {
    this.#user = user;
    this.cookies = user.cookies;
  }

  get<T = any>(url: string, options?: ReadOptions): Promise<Response<T>> {
    return this.request('GET', url, options);
  }

  head<T = any>(url: string, options?: ReadOptions): Promise<Response<T>> {
    return this.request('HEAD', url, options);
  }

  post<T = any>(url: string, options?: RequestOptions): Promise<Response<T>> {
    return this.request('POST', url, options);
  }

  put<T = any>(url: string, options?: RequestOptions): Promise<Response<T>> {
    return this.request('PUT', url, options);
  }

  patch<T = any>(url: string, options?: RequestOptions): Promise<Response<T>> {
    return this.request('PATCH', url, options);
  }

  delete<T = any>(url: string, options?: RequestOptions): Promise<Response<T>> {
    return this.request('DELETE', url, options);
  }

  options<T = any>(url: string, options?: RequestOptions): Promise<Response<T>> {
    return this.request('OPTIONS', url, options);
  }

  async request<T = any>(method: string, url: string, options: RequestOptions = {}): Promise<Response<T>> {
    return this.#user.prepare(method, url, options, named(method, url))().response as Promise<Response<T>>;
  }

  /** Another user of the same app, with a fresh cookie jar; see `Client.as`. */
  as(options: UserOptions = {}): AsyncClient {
    return new AsyncClient(this.#user.as(options));
  }

  /** See `Client.settle`; timers of the app are seen while a synchronous call waits only. */
  async settle(options: SettleOptions = {}): Promise<void> {
    checkSettle(options);
    await settle(this.#user.desk, options);
  }

  /**
   * See `Client.origin`.
   *
   * @throws AppError when the app has not started within the client's timeout, or what is left of the test's.
   */
  async origin(): Promise<string> {
    const { desk } = this.#user;

    return originOf(desk.line ?? (await startedWithin(desk, this.#user.deadline(undefined, 'client.async.origin()'))));
  }

  async stream(url: string, options: StreamOptions = {}): Promise<AsyncStream> {
    return new AsyncStream(
      this.#user,
      await prepareStream(this.#user, url, options, undefined, named('stream', url))().session,
    );
  }

  async sse(url: string, options: StreamOptions = {}): Promise<AsyncEventStream> {
    const { session } = prepareStream(this.#user, url, options, 'text/event-stream', named('sse', url))();
    return new AsyncEventStream(this.#user, eventSource(await session));
  }

  async ws(url: string, options: WebSocketOptions = {}): Promise<AsyncWebSocketSession> {
    const { core, url: opened } = await prepareWebSocket(this.#user, url, options, named('ws', url))().session;
    return new AsyncWebSocketSession(this.#user, core, opened);
  }
}

function named(method: string, url: string): string {
  return callName('client.async', method, url);
}
