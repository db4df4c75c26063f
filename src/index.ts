/**
 * Lockstep: plain synchronous mocha tests for async Node apps on a real database, every test rolled
 * back.
 *
 * @example
 * ```ts
 * import { expect } from 'chai';
 * import { client, session } from 'lockstep';
 *
 * it('creates a provider', () => {
 *   const res = client.post('/api/v1/providers', { json: { name: 'test' } });
 *
 *   expect(res.status).to.equal(201);
 *   expect(session.count('providers', { name: 'test' })).to.equal(1);
 * });
 * ```
 *
 * The app stays as it is: `lockstep.config.ts` names it and its database, and `lockstep/mocha` in
 * .mocharc.json does the rest.
 *
 * @module
 */

// Configuration
export { defineConfig } from './config/index.js';
export type {
  AppSource,
  BridgeConfig,
  ClientConfig,
  Config,
  DatabaseConfig,
  EmbeddedPostgresConfig,
  Identities,
  Isolation,
  Leaks,
  Rollback,
  NPlusOne,
  OpenApiObject,
  OpenApiOptions,
  OpenApiSource,
  PostgresClock,
  PostgresConfig,
  PostgresDriver,
  PostgresHost,
  PostgresSwap,
  QueriesConfig,
  RaiseServerErrors,
  ReplicaConfig,
  SetupCommand,
  SetupContext,
  SetupFunction,
  SetupSession,
  SetupSource,
  SetupStep,
  SqliteConfig,
  SqliteDriver,
  Transport,
} from './config/index.js';

// In tests: the app over HTTP
export { client } from './runner/index.js';
export type {
  AllResults,
  AsyncClient,
  AsyncEventStream,
  AsyncStream,
  AsyncWebSocketSession,
  Auth,
  Client,
  Closed,
  CookieScope,
  Cookies,
  EventStream,
  Fields,
  FileContent,
  FileInput,
  Files,
  Informational,
  Message,
  ReadOptions,
  RequestCookies,
  RequestHeaders,
  RequestOptions,
  Response,
  ResponseCookie,
  Scalar,
  ServerSentEvent,
  SettleOptions,
  Stream,
  StreamOptions,
  UserOptions,
  WaitOptions,
  WebSocketOptions,
  WebSocketSession,
} from './http/index.js';

// In tests: the database
export { session } from './runner/index.js';
export { sql } from './session/index.js';
export type {
  Name,
  NotPromise,
  Query,
  RunResult,
  Savepoint,
  Session,
  SqlTag,
  Statement,
  Value,
  Where,
} from './session/index.js';
export type { Parameters, Row } from './engine/index.js';
export { expectQueries } from './queries/index.js';
export type { Queries, QueryCount, StatementFailure, StatementRecord } from './queries/index.js';

// In tests: waiting for anything else that is async
export { sync, syncify } from './bridge/index.js';
export type { Results, Sync, SyncFunction, SyncOptions, Work } from './bridge/index.js';

// Errors
export * from './errors.js';
