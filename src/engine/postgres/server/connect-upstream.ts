import { connect as openSocket } from 'node:net';
import type { Duplex } from 'node:stream';

import { CLEARING_ALL } from '../relay/ending-timeouts.js';
import { cancelRequest } from '../wire/frontend.js';
import { connectError, tooOld, worthAnotherAttempt } from './connect-errors.js';
import { FrameEnd } from './frame-end.js';
import type { Login } from './login.js';
import { attempts } from './tls.js';
import { socketPath, type Upstream } from './upstream.js';
import { clearTimeout, now, setTimeout } from '../../../real-time.js';

const DEADLINE = 10_000;
const CANCEL_DEADLINE = 5_000;
const FAREWELL = 1_000;
const OLDEST = 13;

const TERMINATE: Uint8Array = Buffer.from([0x58, 0, 0, 0, 4]);

/** A connection after its first ReadyForQuery, of which nobody reads but its owner. */
export interface RawConnection {
  /**
   * Paused, in binary: attach the listeners, then `resume()`. What the server sent after
   * ReadyForQuery is the first that comes. Its errors are lost unless somebody listens.
   */
  readonly stream: Duplex;
  /** What the server reported while it started: `server_version`, `TimeZone`, … */
  readonly parameters: ReadonlyMap<string, string>;
  readonly processId: number;
  readonly secretKey: number;
  /** Absolute path of the server's Unix socket; undefined for a connection by TCP. */
  readonly path: string | undefined;
  /** Asks the server to cancel what runs on this connection; resolves when it has taken note. */
  cancel(): Promise<void>;
  /** Says goodbye and closes; does nothing the second time. */
  close(): void;
}

/**
 * Connects and logs in.
 *
 * @param deadline Milliseconds for all of it; the upstream's own `connectTimeout` may be shorter.
 * @throws ServerError saying why it cannot be reached or lets us not in.
 */
export async function connectUpstream(upstream: Upstream, deadline: number = DEADLINE): Promise<RawConnection> {
  const { login, parameters } = await logIn(upstream, deadline, takeOver);
  const { stream } = login.wire;
  // The types of pg hide what it learned from BackendKeyData.
  const { processID, secretKey } = login as unknown as { processID: number; secretKey: number };
  let closed = false;

  return {
    stream,
    parameters,
    processId: processID,
    secretKey,
    path: upstream.host.startsWith('/') ? socketPath(upstream.host, upstream.port) : undefined,
    cancel: () => cancel(upstream, processID, secretKey),
    close: () => {
      if (closed) return;
      closed = true;
      stream.end(TERMINATE);
      stream.resume();
      setTimeout(() => stream.destroy(), FAREWELL).unref();
    },
  };
}

/**
 * Runs statements on a connection of its own, for which no timeouts count that the server has for an app's.
 *
 * @throws ServerError when it cannot be opened; what the server says to a statement arrives unchanged.
 */
export async function runOn(
  upstream: Upstream,
  statements: readonly string[],
  deadline: number = DEADLINE,
): Promise<void> {
  const { login } = await logIn(upstream, deadline);
  try {
    for (const statement of [CLEARING_ALL, ...statements]) await login.query(statement);
  } finally {
    await login.end();
  }
}

interface LoggedIn {
  readonly login: Login;
  readonly parameters: ReadonlyMap<string, string>;
}

type OnReady = (login: Login, rest: Buffer) => void;

async function logIn(upstream: Upstream, deadline: number, onReady?: OnReady): Promise<LoggedIn> {
  const allowed = Math.min(deadline, upstream.connectTimeout ?? deadline);
  const end = now() + allowed;
  const modes = attempts(upstream.tls.mode);
  // With pg, which an embedded server leaves time to load while it starts.
  const { Login } = await import('./login.js');

  for (const [index, secure] of modes.entries()) {
    try {
      const done = await attempt(new Login(upstream, secure, end - now()), secure, onReady);
      const version = done.parameters.get('server_version') ?? '';
      if (Number.parseInt(version, 10) >= OLDEST) return done;

      done.login.wire.stream.destroy();
      throw tooOld(upstream, version, OLDEST);
    } catch (error) {
      const last = index === modes.length - 1;
      if (last || !worthAnotherAttempt(error)) throw connectError(upstream, error, { allowed, secure });
    }
  }
  throw new Error('unreachable: every mode has an attempt');
}

function attempt(login: Login, secure: boolean, onReady?: OnReady): Promise<LoggedIn> {
  const { wire } = login;
  const parameters = new Map<string, string>();
  const frames = new FrameEnd();
  let rest: Buffer | undefined;

  wire.on('parameterStatus', ({ parameterName, parameterValue }) => parameters.set(parameterName, parameterValue));
  // Before pg's own listener, which is already there: on the TLS stream as soon as there is one.
  const follow = (): void => {
    wire.stream.prependListener('data', (chunk: Buffer) => (rest ??= frames.after(chunk)));
  };
  wire.on(secure ? 'sslconnect' : 'connect', follow);

  return new Promise((resolve, reject) => {
    // pg calls back from within its own reading of ReadyForQuery, so nothing has been read beyond that chunk.
    login.connect((error: Error | null | undefined) => {
      if (error) {
        wire.stream.destroy();
        reject(error);
        return;
      }
      onReady?.(login, rest ?? Buffer.alloc(0));
      resolve({ login, parameters });
    });
  });
}

function takeOver(login: Login, rest: Buffer): void {
  const { wire } = login;
  const { stream } = wire;

  stream.pause();
  stream.removeAllListeners('data');
  if (rest.length > 0) stream.unshift(rest);
  // The socket's own listeners must stay, so pg's are not removed from it but made deaf behind it.
  wire.removeAllListeners();
  wire.on('error', () => undefined);
}

/** See section 55.2.8 of the Postgres manual: a connection of its own, never encrypted, closed by the server. */
async function cancel(upstream: Upstream, processId: number, secretKey: number): Promise<void> {
  const { host, address, port } = upstream;
  const socket = host.startsWith('/')
    ? openSocket(socketPath(host, port))
    : openSocket({ host: address ?? host, port });
  const late = setTimeout(() => socket.destroy(new Error('the server did not answer')), CANCEL_DEADLINE);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('close', () => resolve());
      socket.resume().end(cancelRequest(processId, secretKey));
    });
  } catch (error) {
    throw connectError(upstream, error, { allowed: CANCEL_DEADLINE, secure: false });
  } finally {
    clearTimeout(late);
  }
}
