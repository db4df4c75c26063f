/**
 * Every error that Lockstep itself raises.
 *
 * ```
 * LockstepError
 * ├── ConfigError             LOCKSTEP_CONFIG            a config key, value or file is wrong
 * ├── NotRunningError         LOCKSTEP_NOT_RUNNING       session or client used outside a test run
 * ├── LoadingError            LOCKSTEP_LOADING           the process ended while test files were loaded
 * ├── AppError                LOCKSTEP_APP               the config's app cannot be loaded or started
 * ├── SetupError              LOCKSTEP_SETUP             a file or command of schema or seed cannot be brought in
 * ├── BridgeError
 * │   ├── BridgeMissingError  LOCKSTEP_BRIDGE_MISSING    the native pump cannot be loaded
 * │   ├── SyncUsageError      LOCKSTEP_SYNC_USAGE        a wait asked for with impossible arguments
 * │   ├── WaitPlaceError      LOCKSTEP_WAIT_PLACE        a wait where Node could never finish it
 * │   ├── NestedWaitError     LOCKSTEP_NESTED_WAIT       a wait inside another wait
 * │   ├── SyncTimeoutError    LOCKSTEP_SYNC_TIMEOUT      a wait passed its deadline
 * │   ├── DeadlockError       LOCKSTEP_DEADLOCK          nothing is left that could end the wait
 * │   └── BlockedThreadError  LOCKSTEP_BLOCKED_THREAD    a call blocked the thread that serves the sandbox
 * ├── SandboxError
 * │   ├── StallError          LOCKSTEP_STALL             a query waits for a transaction that waits for it
 * │   ├── HoldTimeoutError    LOCKSTEP_HOLD_TIMEOUT      a transaction kept the database too long
 * │   ├── StragglerError      LOCKSTEP_STRAGGLER         a query after its test's end
 * │   ├── LeakError           LOCKSTEP_LEAK              a test ended with a transaction or statement open
 * │   ├── SandboxLostError    LOCKSTEP_SANDBOX_LOST      a statement ended the outer transaction
 * │   ├── RefusedStatementError LOCKSTEP_REFUSED         a statement that would escape the rollback
 * │   └── OutsideError        LOCKSTEP_OUTSIDE           no separate database can be made for outside(this)
 * ├── EngineError
 * │   ├── EngineMissingError  LOCKSTEP_ENGINE_MISSING    the database driver is not installed
 * │   ├── ServerError         LOCKSTEP_SERVER            a database server cannot be started or reached
 * │   ├── ConnectionLostError LOCKSTEP_CONNECTION_LOST   the session's connection to the server has ended
 * │   ├── UnsafeDatabaseError LOCKSTEP_UNSAFE_DATABASE   the database is not named like a test database
 * │   └── SwapError           LOCKSTEP_SWAP              the app's driver could not be replaced
 * ├── SessionUsageError       LOCKSTEP_SESSION_USAGE     a session call that cannot mean what was written
 * ├── RequestError            LOCKSTEP_REQUEST           a client call with an impossible request
 * ├── UnsentRequestError      LOCKSTEP_UNSENT_REQUEST    a supertest request was built and never sent
 * ├── PeerMissingError        LOCKSTEP_PEER_MISSING      a package that an entry of Lockstep drives is not installed
 * ├── UpgradeError            LOCKSTEP_UPGRADE           the app refused to open a WebSocket
 * ├── ClosedError             LOCKSTEP_CLOSED            a stream or WebSocket has ended, nothing more comes
 * ├── ExpectationError        LOCKSTEP_EXPECTATION       a response is not what the test expects
 * ├── QueryCountError         LOCKSTEP_QUERY_COUNT       the app sent more or fewer statements than expected
 * ├── NPlusOneError           LOCKSTEP_N_PLUS_ONE        one request sent the same statement again and again
 * └── OpenApiError            LOCKSTEP_OPENAPI           a response is not what the OpenAPI document declares
 * ```
 *
 * Errors of the app and of the database are never wrapped: they arrive as the object that was
 * thrown, with the test's frames appended to the stack.
 */

import { beginAtCaller } from './own-frames.js';

/** What every message is made of: the three sentences a reader needs, in this order. */
export interface Explanation {
  /** What happened, with the names and values involved. */
  readonly what: string;
  /** Why it happened. */
  readonly why?: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** The error that caused this one, kept as `error.cause`. */
  readonly cause?: unknown;
}

/** As a user finds it from the project's folder. */
const TROUBLESHOOTING = 'node_modules/lockstep/docs/troubleshooting.md';

/** Holds the names of an error's classes, up to LockstepError. */
const LINEAGE = Symbol.for('lockstep.error');

/** Base of all errors raised by Lockstep; `code` is stable across versions. */
export abstract class LockstepError extends Error {
  /**
   * True for the errors of another copy of the package too: a TypeScript loader may load it twice,
   * once as an ES module and once as CommonJS.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    const lineage = (value as { readonly [LINEAGE]?: readonly string[] } | null | undefined)?.[LINEAGE];

    return lineage?.includes(this.name) ?? false;
  }

  /** Stable identifier, a heading of docs/troubleshooting.md. */
  abstract readonly code: string;

  constructor(code: string, explanation: Explanation) {
    const { what, why, remedy, cause } = explanation;
    const lines = [what, why, remedy].filter((line): line is string => line !== undefined && line !== '');

    super(
      `${lines.join('\n  ')}\n  (${code}, see ${TROUBLESHOOTING}#${code.toLowerCase()})`,
      cause === undefined ? undefined : { cause },
    );
    // A subclass's name must survive minifiers and duplicate copies of the package.
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true, writable: true });
    Object.defineProperty(this, LINEAGE, { value: lineageOf(new.target) });
    beginAtCaller(this);
  }
}

function lineageOf(constructor: NewableFunction): string[] {
  const names: string[] = [];
  for (let type: object = constructor; type !== Error; type = Object.getPrototypeOf(type) as object) {
    names.push((type as NewableFunction).name);
  }
  return names;
}

/** A key, value or file of the configuration is wrong. */
export class ConfigError extends LockstepError {
  readonly code = 'LOCKSTEP_CONFIG';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_CONFIG', explanation);
  }
}

/** `session` or `client` was used while no test, hook or layer is running. */
export class NotRunningError extends LockstepError {
  readonly code = 'LOCKSTEP_NOT_RUNNING';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_NOT_RUNNING', explanation);
  }
}

/** The process ended while test files were being loaded: no test has run. */
export class LoadingError extends LockstepError {
  readonly code = 'LOCKSTEP_LOADING';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_LOADING', explanation);
  }
}

/** The app named in the config cannot be loaded, is of no known kind, failed to start, or did not stop. */
export class AppError extends LockstepError {
  readonly code = 'LOCKSTEP_APP';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_APP', explanation);
  }
}

/** A file or a command of `schema` or `seed` cannot be brought in. Errors of the database itself are not wrapped. */
export class SetupError extends LockstepError {
  readonly code = 'LOCKSTEP_SETUP';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_SETUP', explanation);
  }
}

/** Base of the errors of waiting. */
export abstract class BridgeError extends LockstepError {}

/** No native pump has a binary for this platform and Node version: neither Lockstep's own nor deasync. */
export class BridgeMissingError extends BridgeError {
  readonly code = 'LOCKSTEP_BRIDGE_MISSING';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_BRIDGE_MISSING', explanation);
  }
}

/** `sync` was called with arguments that cannot mean anything. */
export class SyncUsageError extends BridgeError {
  readonly code = 'LOCKSTEP_SYNC_USAGE';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_SYNC_USAGE', explanation);
  }
}

/** A wait was asked for at a place where Node could never finish it, e.g. after an `await`. */
export class WaitPlaceError extends BridgeError {
  readonly code = 'LOCKSTEP_WAIT_PLACE';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_WAIT_PLACE', explanation);
  }
}

/** A wait was asked for by code that runs while another wait is in progress. */
export class NestedWaitError extends BridgeError {
  readonly code = 'LOCKSTEP_NESTED_WAIT';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_NESTED_WAIT', explanation);
  }
}

/** The awaited work did not settle before the wait's deadline. */
export class SyncTimeoutError extends BridgeError {
  readonly code = 'LOCKSTEP_SYNC_TIMEOUT';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_SYNC_TIMEOUT', explanation);
  }
}

/** The awaited work is pending and nothing is left in the process that could settle it. */
export class DeadlockError extends BridgeError {
  readonly code = 'LOCKSTEP_DEADLOCK';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_DEADLOCK', explanation);
  }
}

/**
 * A blocking call (`execSync`, `execFileSync`, `spawnSync`) kept the thread that serves the sandbox
 * until its time was over. Its `cause` is Node's own error, ETIMEDOUT; it has the properties of that
 * (`status`, `signal`, `output`, `pid`, `stdout`, `stderr`).
 */
export class BlockedThreadError extends BridgeError {
  readonly code = 'LOCKSTEP_BLOCKED_THREAD';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_BLOCKED_THREAD', explanation);
  }
}

/** Base of the errors of the sandbox. */
export abstract class SandboxError extends LockstepError {}

/** A query waits for the turn of a transaction that is idle and does not give it up. */
export class StallError extends SandboxError {
  readonly code = 'LOCKSTEP_STALL';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_STALL', explanation);
  }
}

/** A transaction held the turn longer than `holdTimeout`. */
export class HoldTimeoutError extends SandboxError {
  readonly code = 'LOCKSTEP_HOLD_TIMEOUT';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_HOLD_TIMEOUT', explanation);
  }
}

/** A query arrived when no test was running, or on a connection cut off at a test's end. */
export class StragglerError extends SandboxError {
  readonly code = 'LOCKSTEP_STRAGGLER';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_STRAGGLER', explanation);
  }
}

/** A test ended while the app still had a transaction open or a statement running. */
export class LeakError extends SandboxError {
  readonly code = 'LOCKSTEP_LEAK';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_LEAK', explanation);
  }
}

/** What tests had left behind went on after their end; it was refused or set apart. */
export class LateWorkError extends SandboxError {
  readonly code = 'LOCKSTEP_LATE_WORK';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_LATE_WORK', explanation);
  }
}

/** A statement ended the sandbox's outer transaction, e.g. `INSERT OR ROLLBACK`. */
export class SandboxLostError extends SandboxError {
  readonly code = 'LOCKSTEP_SANDBOX_LOST';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_SANDBOX_LOST', explanation);
  }
}

/** A statement was refused because it would escape the rollback or cannot work inside it. */
export class RefusedStatementError extends SandboxError {
  readonly code = 'LOCKSTEP_REFUSED';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_REFUSED', explanation);
  }
}

/** No separate database can be made for `outside(this)`. */
export class OutsideError extends SandboxError {
  readonly code = 'LOCKSTEP_OUTSIDE';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_OUTSIDE', explanation);
  }
}

/** Base of the errors of engines and drivers. */
export abstract class EngineError extends LockstepError {}

/** The database driver that the engine needs is not installed. */
export class EngineMissingError extends EngineError {
  readonly code = 'LOCKSTEP_ENGINE_MISSING';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_ENGINE_MISSING', explanation);
  }
}

/** A database server could not be started, could not be reached, or let us not in. */
export class ServerError extends EngineError {
  readonly code = 'LOCKSTEP_SERVER';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_SERVER', explanation);
  }
}

/** The session's connection to the database server has ended, or an answer did not come in time. */
export class ConnectionLostError extends EngineError {
  readonly code = 'LOCKSTEP_CONNECTION_LOST';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_CONNECTION_LOST', explanation);
  }
}

/** The database does not carry `test` in its name, and the config does not allow any other. */
export class UnsafeDatabaseError extends EngineError {
  readonly code = 'LOCKSTEP_UNSAFE_DATABASE';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_UNSAFE_DATABASE', explanation);
  }
}

/** The app's driver could not be replaced by Lockstep's. */
export class SwapError extends EngineError {
  readonly code = 'LOCKSTEP_SWAP';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_SWAP', explanation);
  }
}

/** A session call that cannot mean what was written, e.g. an async function as a transaction. */
export class SessionUsageError extends LockstepError {
  readonly code = 'LOCKSTEP_SESSION_USAGE';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_SESSION_USAGE', explanation);
  }
}

/** A client call describes a request that cannot be made. */
export class RequestError extends LockstepError {
  readonly code = 'LOCKSTEP_REQUEST';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_REQUEST', explanation);
  }
}

/** A test built a request with `lockstep/supertest` and ended without sending it. */
export class UnsentRequestError extends LockstepError {
  readonly code = 'LOCKSTEP_UNSENT_REQUEST';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_UNSENT_REQUEST', explanation);
  }
}

/** The package that an entry of Lockstep drives (supertest for `lockstep/supertest`) is not installed. */
export class PeerMissingError extends LockstepError {
  readonly code = 'LOCKSTEP_PEER_MISSING';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_PEER_MISSING', explanation);
  }
}

/** The app answered a WebSocket's handshake with an ordinary response. */
export class UpgradeError extends LockstepError {
  readonly code = 'LOCKSTEP_UPGRADE';
  /** Status of that response. */
  readonly status: number;
  /** Its headers, by lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Its body. */
  readonly text: string;

  constructor(
    explanation: Explanation,
    answer: { status: number; headers: Readonly<Record<string, string | string[] | undefined>>; text: string },
  ) {
    super('LOCKSTEP_UPGRADE', explanation);
    this.status = answer.status;
    this.headers = answer.headers;
    this.text = answer.text;
  }
}

/** Something was awaited from a stream, an event stream or a WebSocket that has ended. */
export class ClosedError extends LockstepError {
  readonly code = 'LOCKSTEP_CLOSED';
  /** The WebSocket's close code; undefined for streams, and while it was not closed properly. */
  readonly closeCode: number | undefined;
  /** The WebSocket's close reason. */
  readonly reason: string | undefined;

  constructor(explanation: Explanation, closed: { code?: number | undefined; reason?: string | undefined } = {}) {
    super('LOCKSTEP_CLOSED', explanation);
    this.closeCode = closed.code;
    this.reason = closed.reason;
  }
}

/** A response is not what the test expects. Runners show `expected` and `actual` as a diff. */
export class ExpectationError extends LockstepError {
  readonly code = 'LOCKSTEP_EXPECTATION';
  readonly expected: unknown;
  readonly actual: unknown;

  constructor(explanation: Explanation, values: { expected?: unknown; actual?: unknown } = {}) {
    super('LOCKSTEP_EXPECTATION', explanation);
    this.expected = values.expected;
    this.actual = values.actual;
  }
}

/** The app sent more or fewer statements than the test expects. Runners show `expected` and `actual` as a diff. */
export class QueryCountError extends LockstepError {
  readonly code = 'LOCKSTEP_QUERY_COUNT';
  /** How many it sent. */
  readonly actual: number;
  /** How many were expected; undefined where a range was. */
  readonly expected: number | undefined;

  constructor(explanation: Explanation, values: { actual: number; expected?: number | undefined }) {
    super('LOCKSTEP_QUERY_COUNT', explanation);
    this.actual = values.actual;
    this.expected = values.expected;
  }
}

/** A client call sent statements that differ in their values only, more often than the config allows. */
export class NPlusOneError extends LockstepError {
  readonly code = 'LOCKSTEP_N_PLUS_ONE';
  constructor(explanation: Explanation) {
    super('LOCKSTEP_N_PLUS_ONE', explanation);
  }
}

/** One place where a response is not what the OpenAPI document declares. */
export interface OpenApiViolation {
  /** What of the exchange is wrong. */
  readonly place: 'path' | 'method' | 'status' | 'content-type' | 'header' | 'body';
  /** In the body a JSON pointer, e.g. `/items/0/name`, empty for the whole; of a header its name; else empty. */
  readonly pointer: string;
  /** What is there; undefined when nothing is. */
  readonly value: unknown;
  /** What the document has there, e.g. `string`, `one of "a", "b"`, `200, 404`. */
  readonly expected: string;
}

/** A response is not what the OpenAPI document of the config declares. */
export class OpenApiError extends LockstepError {
  readonly code = 'LOCKSTEP_OPENAPI';
  /** Method and path of the document that the response belongs to, e.g. `GET /users/{id}`; undefined when it has none. */
  readonly operation: string | undefined;
  readonly status: number;
  readonly violations: readonly OpenApiViolation[];

  constructor(
    explanation: Explanation,
    found: { operation: string | undefined; status: number; violations: readonly OpenApiViolation[] },
  ) {
    super('LOCKSTEP_OPENAPI', explanation);
    this.operation = found.operation;
    this.status = found.status;
    this.violations = found.violations;
  }
}
