/** The synchronous HTTP client. */

export { createClient } from './host.js';
export { checkUser } from './user.js';
export type { ClientHost, ClientOptions } from './host.js';

export { AsyncClient } from './async-client.js';
export { Client } from './client.js';
export type { AllResults } from './client.js';
export { Cookies } from './cookies/cookies.js';
export type { CookieScope } from './cookies/cookies.js';
export type { ResponseCookie } from './cookies/set-cookie.js';
export type { Informational } from './exchange.js';
export { Response } from './response.js';
export type {
  Auth,
  Fields,
  FileContent,
  FileInput,
  Files,
  RaiseServerErrors,
  ReadOptions,
  RequestCookies,
  RequestHeaders,
  RequestOptions,
  Scalar,
  Transport,
  UserOptions,
} from './options.js';

// What the report of a failure tells.
export { failedAnswers, forgetAnswers } from './failed-answers.js';
export type { FailedAnswer } from './failed-answers.js';
// The runner's side of lockstep/supertest, which loads no supertest.
export { beginRequests, endRequests, requestFailure, requestsBusy, requestsUnsent } from './supertest/ledger.js';
export { AsyncEventStream, EventStream } from './sessions/events.js';
export type { ServerSentEvent } from './sessions/event-parser.js';
export type { StreamOptions, WebSocketOptions } from './sessions/open.js';
export type { WaitOptions } from './sessions/session.js';
export type { SettleOptions } from './settle/settling.js';
export { AsyncStream, Stream } from './sessions/stream.js';
export { AsyncWebSocketSession, WebSocketSession } from './sessions/web-socket.js';
export type { Closed, Message } from './sessions/web-socket-core.js';
