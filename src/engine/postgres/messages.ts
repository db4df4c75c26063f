import type { MessagePort } from 'node:worker_threads';
import * as errors from '../../errors.js';
import type { CutConnection } from '../engine.js';
import type { ScopeName } from '../../sandbox/layers.js';
import type { LoggedStatement, StatementLog } from '../../sandbox/statement-log.js';
import type { OpenClient } from './relay/hub/diagnostics.js';

/** What a worker is started with. */
export interface WorkerData {
  /** Where the Unix socket is made; undefined where there are none. */
  readonly directory: string | undefined;
  /** Of the loopback interface; 0 for one that is free. */
  readonly port: number;
  /** Asked of those who come by TCP: the loopback interface is open to every user of the machine. */
  readonly password: string;
  readonly sessionUser: string;
  /** What messages call the database, where there are several. */
  readonly label: string | undefined;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly patience: { readonly stallTimeout: number; readonly holdTimeout: number };
  /** Whether the database ends with the run. */
  readonly ownDatabase: boolean;
  readonly clock: 'transaction' | 'statement';
  /** URL of the module that knows servers. */
  readonly serverModule: string;
  readonly server: unknown;
  readonly control: MessagePort;
  readonly replies: MessagePort;
  readonly events: MessagePort;
}

/** What the main thread sends. Those with a reply are waited for. */
export type Command =
  | { readonly kind: 'connect' | 'end' | 'loss' | 'leftovers' | 'describe' | 'close' | 'fence' }
  | { readonly kind: 'log'; readonly from: number }
  | { readonly kind: 'begin'; readonly scope: ScopeName }
  | { readonly kind: 'resume' | 'unwish' }
  | { readonly kind: 'wish'; readonly sql: string; readonly blocked: boolean }
  | { readonly kind: 'pipe'; readonly port: MessagePort }
  | { readonly kind: 'pong'; readonly id: number };

/** What the worker replies. */
export interface Reply {
  /** The number of the message that it replies to; none if it tells why a wish failed. */
  readonly to?: number;
  readonly error?: SentError | undefined;
  /** The error that ends the worker. */
  readonly died?: string;
  /** Why work of open scopes is gone. */
  readonly lost?: SentError | undefined;
  readonly leftovers?: readonly OpenClient[];
  readonly sentences?: readonly string[];
  readonly log?: ReturnType<StatementLog['since']>;
  readonly cut?: readonly CutConnection[];
}

/** What the worker tells without being asked. */
export type Event =
  | { readonly kind: 'statements'; readonly statements: readonly LoggedStatement[] }
  | { readonly kind: 'ping'; readonly id: number };

/** An error on its way to another thread. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export function sendError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined };
  return { name: error.name, message: error.message, stack: error.stack };
}

/** The error in the thread that waited: of the same class, with the stack of whoever waited. */
export function receiveError({ name, message, stack }: SentError): Error {
  const type = (errors as Readonly<Record<string, unknown>>)[name];
  if (typeof type !== 'function' || !Object.prototype.isPrototypeOf.call(errors.LockstepError, type))
    return Object.assign(new Error(message), { cause: stack });

  const sentences = message.split('\n  ').slice(0, -1);
  const [what = message, why = '', remedy = ''] = sentences;
  return new (type as new (explanation: errors.Explanation) => Error)({ what, why, remedy });
}
