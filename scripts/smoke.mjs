// Runs the suite of the bridge on our own pump with a Node of another platform under an emulator, or
// loads the addon into a program of another C library. docs/platforms.md says what has been run.
// Expects built tests (npm run build && npm run build:test); on Debian the programs are:
//
//   apt-get install qemu-user libstdc++6-arm64-cross wine64 musl-tools
//
//   npm run smoke -- linux-arm64      Node for Linux on ARM, by qemu-aarch64
//   npm run smoke -- win32-x64 22     Node 22 for Windows, by wine
//   npm run smoke -- musl             the addon for this processor in a program on musl
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync, openSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { installForeignNode } from './nodes/install.mjs';
import { root } from './steps.mjs';

const SUITE = '.build/test/integration/bridge/**/*.test.js';
const MOCHA = 'node_modules/mocha/bin/mocha.js';
const WINE = '/usr/lib/wine/wine64';

const [name, major = '20', ...mochaOptions] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'lockstep-smoke-'));
const kinds = { 'linux-arm64': underQemu, 'win32-x64': underWine, musl: onMusl };
try {
  if (!(name in kinds)) throw new Error(`Name one of ${Object.keys(kinds).join(', ')}.`);
  process.exitCode = kinds[name]();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function underQemu() {
  const node = foreignNode('linux', 'arm64');
  const starter = join(folder, 'node');
  writeFileSync(starter, `#!/bin/sh\nexec qemu-aarch64 -L /usr/aarch64-linux-gnu '${node}' "$@"\n`);
  chmodSync(starter, 0o755);

  const preload = `--require=${join(root, 'scripts/smoke/exec-path.cjs')}`;
  return mocha(starter, [MOCHA], {
    LOCKSTEP_EXEC_PATH: starter,
    NODE_OPTIONS: preload,
  });
}

function underWine() {
  const env = { WINEPREFIX: join(folder, 'wine'), WINEDEBUG: '-all', NODE_SKIP_PLATFORM_CHECK: '1' };
  // There Node cannot connect with fetch, and does not always hear of the end of a child, with or without Lockstep.
  const without = [
    '--ignore',
    '.build/test/integration/bridge/leftovers.test.js',
    '--invert',
    '--grep',
    'fetch|child process',
  ];
  return mocha(WINE, [foreignNode('win32', 'x64'), MOCHA, ...without], env);
}

/** A program on musl loads the addon with stand-ins for what Node exports, and calls what needs the C library. */
function onMusl() {
  const program = join(folder, 'on-musl');
  const source = join(root, 'scripts/smoke/on-musl.c');
  const status = run('musl-gcc', ['-O1', '-Wall', '-Werror', '-rdynamic', '-o', program, source]);
  return status || run(program, [join(root, `prebuilds/linux-${process.arch}/lockstep.node`)]);
}

function foreignNode(platform, arch) {
  const { node, reason } = installForeignNode(major, platform, arch);
  if (reason) throw new Error(reason);
  return node;
}

function mocha(program, args, env) {
  const options = ['--no-config', '--exit', '--timeout', '120000', '--reporter', 'dot', ...mochaOptions];
  return run(program, [...args, ...options, SUITE], {
    ...env,
    LOCKSTEP_PUMP: 'addon',
    LOCKSTEP_PATIENCE: '10',
  });
}

function run(program, args, env = {}) {
  // A file: Node under wine does not know a pipe of Linux for one.
  const output = openSync(join(folder, 'output'), 'w');
  const stdio = ['ignore', output, output];
  const { status, error } = spawnSync(program, args, { cwd: root, env: { ...process.env, ...env }, stdio });

  closeSync(output);
  console.log(readFileSync(join(folder, 'output'), 'utf8'));
  if (error) throw error;
  return status ?? 1;
}
