import { isMainThread } from 'node:worker_threads';

import { EngineMissingError } from '../../../errors.js';
import { BuiltinLink } from './builtin-link.js';
import type { ConnectionParameters } from './connection-parameters.js';
import type { Link } from './link.js';
import { NativeLink } from './native-link.js';
import { loadNative, type NativeModule } from './native.js';
import type { Pipe } from '../pipe.js';
import { PostgresSession, type BeforeStatement } from './session.js';
import { defaultTypes, type TypeParsers } from './type-parsers.js';

/** The two ways to talk to Postgres without letting go of the thread. */
export type SessionDriver = 'pg-native' | 'builtin';

/** What a session is made of. */
export interface SessionOptions {
  /** Undefined for pg-native where it can be loaded, else the built-in one. */
  readonly driver?: SessionDriver;
  /** Absolute folder from which pg-native is looked for. */
  readonly root: string;
  readonly connection: ConnectionParameters;
  /** Opens a pipe to the same server; called only for the built-in driver. */
  readonly openPipe: () => Pipe;
  readonly beforeStatement?: BeforeStatement;
  readonly types?: TypeParsers;
  /** How long one answer may take with the built-in driver, in milliseconds; 30,000 if left out. */
  readonly timeout?: number;
}

/** A session that is connected, and by which driver. */
export interface OpenedSession {
  readonly driver: SessionDriver;
  readonly session: PostgresSession;
}

const TIMEOUT = 30_000;

/**
 * Connects a session.
 *
 * @throws EngineMissingError when pg-native is asked for by name and cannot be loaded.
 * @throws ConnectionLostError when the server cannot be reached.
 */
export function openSession(options: SessionOptions): OpenedSession {
  const { connection, types = defaultTypes, timeout = TIMEOUT, beforeStatement = () => undefined } = options;
  const Native = chooseNative(options);

  const link: Link =
    Native === undefined
      ? new BuiltinLink(options.openPipe(), connection, types, timeout)
      : new NativeLink(Native, connection, types);
  return {
    driver: Native === undefined ? 'builtin' : 'pg-native',
    session: new PostgresSession(link, beforeStatement),
  };
}

/** pg-native where it is to be used; undefined for the built-in driver. */
function chooseNative({ driver, root }: SessionOptions): NativeModule | undefined {
  if (driver === 'builtin') return undefined;
  if (driver === 'pg-native') return loadNative(root);
  // The addon loads in one thread of a process only, and the main one may want it later.
  if (!isMainThread) return undefined;

  try {
    return loadNative(root);
  } catch (error) {
    if (error instanceof EngineMissingError) return undefined;
    throw error;
  }
}
