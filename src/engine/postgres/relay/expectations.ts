import { Back } from '../wire/backend.js';

/** Who reads a client's answers. */
export interface Sink {
  send(bytes: Buffer): void;
}

/**
 * What a message that was forwarded will be answered by. `ask` is a query of the relay's own, `step`
 * a statement of its own that it has prepared: Bind and Execute together; `quiet` are all the messages
 * of some statements, up to their Sync.
 */
export type Kind =
  | 'parse'
  | 'bind'
  | 'statement'
  | 'portal'
  | 'execute'
  | 'close'
  | 'sync'
  | 'query'
  | 'call'
  | 'ask'
  | 'quiet'
  | 'step'
  | 'local';

/** How a message ended that ReadyForQuery answers. */
export interface End {
  readonly status: number;
  /** The last CommandComplete, where it was to be held back. */
  readonly held: Buffer | undefined;
}

/** One message that was forwarded to the server and is not answered yet. */
export interface Expectation {
  readonly kind: Kind;
  /** Who gets the answer; undefined if it is dropped. */
  to: Sink | undefined;
  /** The answer itself, of a message that the relay answers in the server's place. */
  readonly bytes?: Buffer;
  /** Whether the last CommandComplete is held back until ReadyForQuery. */
  readonly hold?: boolean;
  held?: Buffer | undefined;
  /** A CommandComplete came; may return another that takes its place. */
  tag?(bytes: Buffer): Buffer | undefined;
  /** A DataRow came; only those of `ask` and `quiet` are read. */
  row?(bytes: Buffer): void;
  /** The server failed it. */
  failed?(error: Buffer): void;
  /** It was answered to the end. */
  done?(end: End): void;
  /** It will not be run, because an earlier message failed. */
  dropped?(): void;
  /** The server waits for the client's data. */
  copyIn?(): void;
}

/** Whether a message of that type is the last one of the answer. Those that ReadyForQuery ends are not asked. */
export function completes(kind: Kind, type: number): boolean {
  switch (kind) {
    case 'parse':
      return type === Back.parseComplete;
    case 'bind':
      return type === Back.bindComplete;
    case 'close':
      return type === Back.closeComplete;
    case 'statement':
    case 'portal':
      return type === Back.rowDescription || type === Back.noData;
    case 'execute':
      return type === Back.commandComplete || type === Back.portalSuspended || type === Back.emptyQuery;
    case 'step':
      return type === Back.commandComplete;
    case 'sync':
    case 'query':
    case 'call':
    case 'ask':
    case 'quiet':
      return type === Back.ready;
    case 'local':
      return false;
  }
}

/** Whether the server answers the message for sure only at the next Sync. */
export function needsSync(kind: Kind): boolean {
  return !(completes(kind, Back.ready) || kind === 'local');
}

/** Whether it is or has a Sync, which the server answers whatever has failed before. */
export function hasSync(kind: Kind): boolean {
  return kind === 'sync' || kind === 'quiet';
}

/** Whether the relay reads the answer itself. */
export function isOwn(kind: Kind): boolean {
  return kind === 'ask' || kind === 'quiet';
}

/** Whether a message of that type may be part of the answer. */
export function belongs(kind: Kind, type: number): boolean {
  if (completes(kind, type)) return true;

  switch (kind) {
    case 'statement':
      return type === Back.parameterDescription;
    case 'step':
      return type === Back.bindComplete;
    case 'execute':
      return COPIES.has(type) || type === Back.dataRow;
    case 'query':
    case 'ask':
      return COPIES.has(type) || QUERY.has(type);
    case 'quiet':
      return EXTENDED.has(type) || QUERY.has(type);
    case 'call':
      return type === Back.functionResult;
    default:
      return false;
  }
}

const COPIES: ReadonlySet<number> = new Set([Back.copyIn, Back.copyOut, Back.copyData, Back.copyDone]);
const EXTENDED: ReadonlySet<number> = new Set([Back.parseComplete, Back.bindComplete, Back.closeComplete]);
const QUERY: ReadonlySet<number> = new Set([Back.rowDescription, Back.dataRow, Back.commandComplete, Back.emptyQuery]);
