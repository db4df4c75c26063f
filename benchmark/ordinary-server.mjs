// A Postgres server as its packages set it up: all settings its own, the data on the disk of the
// temporary folder. What teams have that test against a server of the machine or in a container.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverAccount } from '#src/engine/postgres/server/embedded/account.js';
import { findBinaries, programPath } from '#src/engine/postgres/server/embedded/binaries.js';
import { openPlaces } from '#src/engine/postgres/server/embedded/places.js';
import { runProgram } from '#src/engine/postgres/server/embedded/run-program.js';
import { usableBinaries } from '#src/engine/postgres/server/embedded/usable-binaries.js';

const USER = 'postgres';
const PORT = 5432;

/** Starts it; of the shape of `openServer`'s. */
export async function ordinaryServer() {
  const account = serverAccount();
  const found = findBinaries(undefined, fileURLToPath(new URL('..', import.meta.url)));
  const { folder: binaries } = await usableBinaries(found, openPlaces().cache, account);
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  if (account) chownSync(folder, account.uid, account.gid);

  const data = join(folder, 'data');
  const args = ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C'];
  const { code, output } = await runProgram(programPath(binaries, 'initdb'), args, { account });
  if (code !== 0) throw new Error(`initdb: ${output}`);

  const where = ['-k', folder, '-p', String(PORT), '-c', 'listen_addresses='];
  const child = spawn(programPath(binaries, 'postgres'), ['-D', data, ...where], {
    ...account,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  await ready(child, ended);

  return {
    upstream: { host: folder, port: PORT, user: USER, database: 'postgres' },
    async stop() {
      child.kill('SIGQUIT');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

async function ready(child, ended) {
  let log = '';
  const said = new Promise((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text;
      if (log.includes('ready to accept connections')) resolve(true);
    });
  });
  if ((await Promise.race([said, ended])) !== true) throw new Error(`postgres does not start: ${log}`);
}
