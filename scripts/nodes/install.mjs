// Gets a Node of another major version, and native packages that fit it, from the npm registry into a
// cache below node_modules.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

import { root } from '../steps.mjs';

const CACHE = join(root, 'node_modules/.cache/lockstep-nodes');

/** The packages behind `node` on npm. They need no install script, and carry the headers as well. */
function packageOf(platform, arch) {
  const system = platform === 'win32' ? 'win' : platform;
  return `${system === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${system}-${arch}`;
}

/**
 * Gets a Node of another platform, for an emulator to run.
 *
 * @returns {{ node: string } | { reason: string }}
 */
export function installForeignNode(major, platform, arch) {
  const folder = join(CACHE, `${platform}-${arch}-${major}`);
  const name = packageOf(platform, arch);
  const node = join(folder, 'node_modules', name, 'bin', platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(node)) return { node };

  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  const problem = npmInstall(folder, [`${name}@${major}`], { npm_config_force: 'true' });
  return problem ? { reason: problem } : { node };
}

/** What is compiled for one Node, with a piece of code that works only where it fits. */
const NATIVE = {
  // From version 13 on its binaries fit every Node from 22 on and come with the package; 12 is compiled.
  'better-sqlite3': {
    version: (major) => (major >= 22 ? '13' : '12'),
    use: (path) => `new (${path})(':memory:').close()`,
  },
  libpq: { version: () => '1', use: (path) => `new (${path})()` },
};

/**
 * @param {number} major
 * @returns {{ node: string, fitting: Record<string, string> } | { reason: string }} paths: of the program, and
 *   of each native package to use where the installed one does not fit
 */
export function installNode(major) {
  const folder = join(CACHE, String(major));
  const name = packageOf(process.platform, process.arch);
  const home = join(folder, 'node_modules', name);
  const node = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const allowScripts = Object.fromEntries(Object.keys(NATIVE).map((name) => [name, true]));

  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts }));
  // Named once more with each install: npm takes away what this package.json does not name.
  const wanted = [`${name}@${major}`];
  if (!existsSync(node)) {
    const problem = npmInstall(folder, wanted);
    if (problem) return { reason: problem };
  }

  const fitting = {};
  // What is compiled is compiled by this Node against its own headers.
  const env = { PATH: dirname(node) + delimiter + process.env.PATH, npm_config_nodedir: home };
  for (const [addon, { version, use }] of Object.entries(NATIVE)) {
    if (works(node, use, join(root, 'node_modules', addon))) continue;

    fitting[addon] = join(folder, 'node_modules', addon);
    wanted.push(`${addon}@${version(major)}`);
    if (works(node, use, fitting[addon])) continue;
    const problem = npmInstall(folder, wanted, env);
    if (problem || !works(node, use, fitting[addon])) return { reason: problem ?? `${addon} does not load there` };
  }
  return { node, fitting };
}

/** Returns what went wrong, in one line. */
function npmInstall(folder, wanted, env = {}) {
  console.log(`installing ${wanted.join(', ')} …`);
  const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel', 'error', ...wanted];
  const { status, stderr, error } = spawnSync('npm', args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
    env: { ...process.env, ...env },
  });

  if (status === 0) return undefined;
  const lines = String(error?.message ?? stderr).split('\n');
  const line = lines.find((text) => text.startsWith('npm error') && text.length > 30) ?? lines[0];
  return `npm cannot install ${wanted.join(', ')}: ${line}`;
}

/** Whether the native package in that folder works in that Node. */
function works(node, use, folder) {
  return spawnSync(node, ['-e', use(`require(${JSON.stringify(folder)})`)], { stdio: 'ignore' }).status === 0;
}
