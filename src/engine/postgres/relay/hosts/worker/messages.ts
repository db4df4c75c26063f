import type { MessagePort } from 'node:worker_threads';
import * as errors from '../../../../../errors.js';
import type { RunnerWords } from '../../../../../runner-words.js';
import type { LoggedStatement, StatementLog } from '../../../../../sandbox/statement-log.js';
import type { CutConnection, OpenWork, ScopeName } from '../../../../../sandbox/vocabulary.js';
import { sentencesOf } from '../../../../../sentences.js';

/** What a worker is started with. */
export interface WorkerData {
  /** Where the Unix socket is made; undefined where there are none. */
  readonly directory: string | undefined;
  /** Of the loopback interface; 0 for one that is free. */
  readonly port: number;
  /** Asked of those who come by TCP: the loopback interface is open to every user of the machine. */
  readonly password: string;
  readonly sessionUser: string;
  /** The database's name in the URL that the app gets. */
  readonly database: string;
  /** What messages call the database, where there are several. */
  readonly label: string | undefined;
  /** What messages say in the words of the runner. */
  readonly runner: RunnerWords;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly patience: { readonly stallTimeout: number; readonly holdTimeout: number };
  /** Whether the database ends with the run. */
  readonly ownDatabase: boolean;
  readonly clock: 'transaction' | 'statement';
  readonly identities: 'keep' | 'restart';
  /** URL of the module that knows servers. */
  readonly serverModule: string;
  readonly server: unknown;
  readonly control: MessagePort;
  readonly replies: MessagePort;
  readonly events: MessagePort;
}

/** What the main thread sends. Those with a reply are waited for. */
export type Command =
  /** `again`: a worker that has ended had connected before. */
  | { readonly kind: 'connect'; readonly again: boolean }
  | { readonly kind: 'end' | 'leftovers' | 'describe' | 'close' | 'fence' }
  | { readonly kind: 'outside'; readonly step: 'keep' | 'enter' | 'leave' }
  | { readonly kind: 'functionBegins' }
  | { readonly kind: 'functionOver'; readonly failed: boolean }
  | { readonly kind: 'loss'; readonly past: boolean }
  | { readonly kind: 'log'; readonly from: number }
  | { readonly kind: 'begin'; readonly scope: ScopeName }
  /** `look` only finds out whether the worker is there. */
  | { readonly kind: 'resume' | 'unwish' | 'look' }
  | { readonly kind: 'wish'; readonly sql: string; readonly blocked: boolean }
  | { readonly kind: 'pipe'; readonly port: MessagePort; readonly slot: SharedArrayBuffer }
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
  readonly leftovers?: readonly OpenWork[];
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
  readonly cause?: SentCause;
}

/** What is told of an error's cause: where it was thrown is of no use in another thread. */
interface SentCause {
  readonly name: string;
  readonly message: string;
  readonly code: string | number | undefined;
}

export function sendError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined };

  const { name, message, stack, cause } = error;
  if (!(cause instanceof Error)) return { name, message, stack };
  const { code } = cause as { readonly code?: unknown };
  return {
    name,
    message,
    stack,
    cause: {
      name: cause.name,
      message: cause.message,
      code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    },
  };
}

/** The error in the thread that waited: of the same class, with the stack of whoever waited. */
export function receiveError({ name, message, stack, cause }: SentError): Error {
  const type = (errors as Readonly<Record<string, unknown>>)[name];
  if (typeof type !== 'function' || !Object.prototype.isPrototypeOf.call(errors.LockstepError, type))
    return Object.assign(new Error(message), { cause: stack });

  return new (type as new (explanation: errors.Explanation) => Error)({
    // All sentences at once: why and remedy may have several lines.
    what: sentencesOf(message),
    ...(cause !== undefined && { cause: receiveCause(cause) }),
  });
}

function receiveCause({ name, message, code }: SentCause): Error {
  const cause = Object.assign(new Error(message), code === undefined ? {} : { code });

  cause.name = name;
  cause.stack = `${name}: ${message}`;
  return cause;
}
