import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import { ServerError } from '../../../../errors.js';
import type { Account } from './account.js';
import { programPath } from './binaries.js';
import { SUPERUSER } from './cluster.js';
import { runProgram, serverEnvironment } from './run-program.js';
import { clearTimeout, setTimeout } from '../../../../real-time.js';

const READY = /database system is ready to accept connections/;
const LOG_LINES = 60;
/** Postgres itself gives its backends five seconds before it kills them. */
const FAREWELL = 7_000;

/** What nobody needs whose data is gone tomorrow, and what would make runs differ. */
const SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'off',
  // Written at each commit, though not synced: schema and seed outlive a crash of the server.
  synchronous_commit: 'on',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  autovacuum: 'off',
  max_connections: '200',
  // A scope is one transaction, which keeps the locks of all tables that were made and dropped in it: some 15,000.
  max_locks_per_transaction: '512',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  // Failing statements are what tests are made of; what the server says of itself is kept.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  logging_collector: 'off',
  log_destination: 'stderr',
};

/** Where a server is to listen. */
export type Listening =
  | { readonly transport: 'socket'; readonly folder: string; readonly port: number }
  | { readonly transport: 'tcp'; readonly port: number; readonly password: string };

export interface PostmasterOptions {
  /** Folder of the binaries. */
  readonly binaries: string;
  readonly data: string;
  readonly listening: Listening;
  readonly settings: Readonly<Record<string, string>>;
  readonly account: Account;
  /** Ends the start, and what has been started. */
  readonly signal: AbortSignal;
}

/** The server process. */
export class Postmaster {
  readonly #child: ChildProcess;
  readonly #log: string[] = [];
  readonly #ended: Promise<string>;

  private constructor(options: PostmasterOptions) {
    this.#child = spawn(programPath(options.binaries, 'postgres'), argumentsOf(options), {
      ...options.account,
      cwd: options.data,
      env: serverEnvironment(),
      windowsHide: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('close', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
    });
  }

  /**
   * Starts a server and waits until it takes connections.
   *
   * @throws ServerError with its log when it ends instead.
   */
  static async start(options: PostmasterOptions): Promise<Postmaster> {
    if (options.listening.transport === 'tcp') await setPassword(options, options.listening.password);

    options.signal.throwIfAborted();
    const postmaster = new Postmaster(options);
    const abort = (): void => void postmaster.stop();
    options.signal.addEventListener('abort', abort);
    const ready = await Promise.race([postmaster.#ready(), postmaster.#ended]);
    options.signal.removeEventListener('abort', abort);
    if (ready === undefined) return postmaster;

    throw new ServerError({
      what: 'The server for the tests does not start.',
      why: `${ready}; its log says:\n    ${postmaster.log.join('\n    ') || '(nothing)'}`,
      remedy: remedyFor(postmaster.log.join('\n'), options.settings),
    });
  }

  /** The last lines that the server wrote. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** Resolves when the process has ended, with a phrase that says how. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  /** Shuts it down at once; its data is of no use afterwards. */
  async stop(): Promise<void> {
    // SIGQUIT is Postgres's immediate shutdown; Windows has only one way.
    this.#child.kill(process.platform === 'win32' ? 'SIGKILL' : 'SIGQUIT');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), FAREWELL);
    await this.#ended;
    clearTimeout(late);
  }

  async #ready(): Promise<undefined> {
    await new Promise<void>((resolve) => {
      let unfinished = '';
      this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (unfinished + text).split(/\r?\n/);
        unfinished = lines.pop() ?? '';
        this.#log.push(...lines);
        this.#log.splice(0, this.#log.length - LOG_LINES);
        if (lines.some((line) => READY.test(line))) resolve();
      });
    });
    return undefined;
  }
}

/** A port of the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function argumentsOf({ data, listening, settings }: PostmasterOptions): string[] {
  const where: Record<string, string> =
    listening.transport === 'socket'
      ? { listen_addresses: '', unix_socket_directories: listening.folder, unix_socket_permissions: '0700' }
      : { listen_addresses: '127.0.0.1', ...(process.platform !== 'win32' && { unix_socket_directories: '' }) };
  const all = { ...SETTINGS, ...where, port: String(listening.port), ...settings };

  return ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Whoever is on the machine can reach the loopback interface, so there the server asks for a password. */
async function setPassword({ binaries, data, account, signal }: PostmasterOptions, password: string): Promise<void> {
  writeFileSync(join(data, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n');

  const input = `alter role ${SUPERUSER} password '${password}'\n`;
  const args = ['--single', '-D', data, '-c', 'password_encryption=scram-sha-256', 'postgres'];
  const { code, output } = await runProgram(programPath(binaries, 'postgres'), args, { account, signal, input });
  if (code === 0 && !/ERROR|FATAL/.test(output)) return;

  throw new ServerError({ what: 'The server for the tests cannot be given a password.', why: output });
}

function remedyFor(log: string, settings: Readonly<Record<string, string>>): string {
  const names = Object.keys(settings).map((name) => `"${name}"`);
  if (names.some((name) => log.includes(name)) || /could not access file|invalid value for parameter/.test(log)) {
    return 'Mend database.embedded.settings.';
  }
  if (/No space left|could not (write|extend)/.test(log)) return 'Make room in /dev/shm or in the temporary folder.';
  if (/could not create (shared memory|semaphores)/.test(log)) return "Raise the machine's limits: see the log's hint.";
  return 'If the log does not tell, name a server in database.url.';
}
