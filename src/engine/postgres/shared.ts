/**
 * The memory that the main thread and the relay's worker share: what the one must know of the other
 * without waiting for a message. One 32-bit word each.
 */
export const Word = {
  /** Who has the turn: `Turn`. Taken by compare-and-swap from either side. */
  turn: 0,
  /** How many clients wait for the turn in the relay. While there are any, the session queues up behind them. */
  waiting: 1,
  /** How many messages the main thread has sent to the worker. */
  sent: 2,
  /** How many clients of the app have a transaction open or a statement running. */
  busy: 3,
  /** How many answers the worker has given; waited upon. */
  answered: 4,
  /** Whether the main thread wants to be told of each statement. */
  told: 5,
  /** Whether the session has a transaction open. */
  sessionOpen: 6,
  /** What became of the session's wish for the turn: `Wish`. */
  wish: 7,
  /** Counts while the worker lives. */
  heartbeat: 8,
  /** How many statements of the app were answered, and clients of it let in. */
  activity: 9,
  /** How many chunks the worker has sent through the pipe; waited upon. */
  piped: 10,
  /** 1 when the worker is ready, 2 when it cannot be. */
  ready: 11,
  /** The TCP port on which the worker listens; also the number in the name of its socket. */
  port: 12,
  /** The number of the last `end` that the worker has carried out; waited upon. */
  ended: 13,
  /** How many statements the worker has logged. */
  logged: 14,
  /** Whether the work of open scopes was lost, and the main thread has not been told of it yet: `Loss`. */
  lost: 15,
  /** Whether there is work of open scopes that would be lost with the worker or its connection. */
  held: 16,
  /** The number of the server's process that serves the worker, or has served the one before it. */
  backend: 17,
  /** Whether the current scope's end has something that others can tell at once, e.g. locks to give back. */
  outward: 18,
  /** Whether a debugger may be attached to the main thread, which the worker cannot tell. */
  debugged: 19,
} as const;

export const WORDS = 20;

/** The user by whose name the app comes, and the one for connections that must not write. */
export const User = { app: 'lockstep', reader: 'lockstep_reader' } as const;

/** The user by whose name connections come that must not write, as a role of the server where one is named. */
export function readerOf(role: string | undefined): string {
  return role === undefined ? User.reader : `${User.reader}:${role}`;
}

/** Who comes by a user's name: as which role, that of the real connection where there is none; and whether it may write. */
export function readUser(user: string): { readonly role: string | undefined; readonly reader: boolean } {
  if (user === User.app) return { role: undefined, reader: false };
  const [first, ...rest] = user.split(':');
  if (first !== User.reader) return { role: user, reader: false };
  return { role: rest.length === 0 ? undefined : rest.join(':'), reader: true };
}

/** Values of `Word.turn`. */
export const Turn = { free: 0, app: 1, session: 2 } as const;

/**
 * Values of `Word.lost`: nothing; work during the current scope; work before it that it builds on; work of
 * the scope that has just ended, and of no other.
 */
export const Loss = { none: 0, now: 1, before: 2, past: 3 } as const;

/** Values of `Word.wish`. */
export const Wish = { none: 0, pending: 1, granted: 2, failed: 3 } as const;

export function newWords(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(WORDS * 4));
}
