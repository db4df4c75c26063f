// Gets a Node of another major version, and a better-sqlite3 that fits it, from the npm registry into
// a cache below node_modules.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

import { root } from '../steps.mjs';

const CACHE = join(root, 'node_modules/.cache/lockstep-nodes');
const PLATFORM = process.platform === 'win32' ? 'win' : process.platform;
// The packages behind `node` on npm. They need no install script, and carry the headers as well.
const PACKAGE = `${PLATFORM === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'}-${PLATFORM}-${process.arch}`;

/**
 * @param {number} major
 * @returns {{ node: string, sqlite: string | undefined } | { reason: string }} paths: of the program, and
 *   of the better-sqlite3 to use where the installed one does not fit
 */
export function installNode(major) {
  const folder = join(CACHE, String(major));
  const home = join(folder, 'node_modules', PACKAGE);
  const node = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, allowScripts: { 'better-sqlite3': true } }),
  );
  if (!existsSync(node)) {
    const problem = npmInstall(folder, `${PACKAGE}@${major}`);
    if (problem) return { reason: problem };
  }

  const installed = join(root, 'node_modules/better-sqlite3');
  if (opens(node, installed)) return { node, sqlite: undefined };

  const sqlite = join(folder, 'node_modules/better-sqlite3');
  if (!opens(node, sqlite)) {
    // From version 13 on its binaries fit every Node from 22 on and come with the package; 12 is
    // compiled, by this Node against its own headers.
    const problem = npmInstall(folder, `better-sqlite3@${major >= 22 ? 13 : 12}`, {
      PATH: dirname(node) + delimiter + process.env.PATH,
      npm_config_nodedir: home,
    });
    if (problem || !opens(node, sqlite)) return { reason: problem ?? 'better-sqlite3 does not load there' };
  }
  return { node, sqlite };
}

/** Returns what went wrong, in one line. */
function npmInstall(folder, wanted, env = {}) {
  console.log(`installing ${wanted} …`);
  const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel', 'error', wanted];
  const { status, stderr, error } = spawnSync('npm', args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
    env: { ...process.env, ...env },
  });

  if (status === 0) return undefined;
  const lines = String(error?.message ?? stderr).split('\n');
  const line = lines.find((text) => text.startsWith('npm error') && text.length > 30) ?? lines[0];
  return `npm cannot install ${wanted}: ${line}`;
}

/** Whether a better-sqlite3 works in that Node. */
function opens(node, sqlite) {
  const code = `new (require(${JSON.stringify(sqlite)}))(':memory:').close()`;
  return spawnSync(node, ['-e', code], { stdio: 'ignore' }).status === 0;
}
