// Compiles native/ into prebuilds/ for every platform that this machine has the compilers for: Linux and
// Windows by clang and lld, macOS on a Mac. Each addon is made twice, in folders of different names, and
// has to come out the same, byte for byte. On Debian the compilers are:
//
//   apt-get install clang lld llvm libc6-dev-arm64-cross mingw-w64-common
//
//   npm run prebuilds                  all that can be made here
//   npm run prebuilds -- linux-arm64   those that are named; fails where one cannot be made
//   npm run prebuilds -- --check       changes nothing, fails where prebuilds/ has something else
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { missingTools, NAMES, POSIX, recipe } from './prebuilds/platforms.mjs';
import { digestOf, sourcesOf } from './prebuilds/sources.mjs';
import { root } from './steps.mjs';

const NATIVE = join(root, 'native');

const check = process.argv.includes('--check');
const named = process.argv.slice(2).filter((argument) => argument !== '--check');
const unknown = named.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) fail(`There is no platform ${unknown.join(', ')}; there are ${NAMES.join(', ')}.`);

const sources = sourcesOf(NATIVE);
const node = nodeHeaders();
const digest = digestOf(NATIVE);
for (const name of named.length > 0 ? named : NAMES) prebuild(name);

function prebuild(name) {
  const missing = missingTools(name);
  if (missing.length > 0) {
    if (named.length > 0) fail(`${name}: ${missing.join(', ')} is missing.`);
    return console.log(`${name}: left as it is, without ${missing.join(', ')}`);
  }

  const [once, again] = [make(name), make(name)];
  if (!once.equals(again)) fail(`${name}: two builds of the same sources differ.`);
  const path = join(root, 'prebuilds', name, 'lockstep.node');
  const same = existsSync(path) && readFileSync(path).equals(once);
  if (check && !same) fail(`${name}: prebuilds/ has another binary than the sources make.`);

  mkdirSync(dirname(path), { recursive: true });
  // In the place of the old file, not into it: a process that runs may have that one mapped.
  if (!same) rmSync(path, { force: true });
  if (!same) writeFileSync(path, once);
  console.log(`${name}: ${once.length} bytes, ${same ? 'the same as before' : 'new'}`);
}

function make(name) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-prebuild-'));
  try {
    for (const file of sources) copyFileSync(join(NATIVE, file), join(folder, file));
    const output = 'lockstep.node';
    for (const [program, args] of recipe(name, { sources, node, digest, output })) run(name, program, args, folder);
    if (name.startsWith('linux')) checkSymbols(name, join(folder, output));
    return readFileSync(join(folder, output));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One binary serves glibc and musl, and old versions of both, as long as it asks for nothing that one has alone. */
function checkSymbols(name, path) {
  const listed = run(name, 'llvm-nm', ['--dynamic', '--undefined-only', '--format=just-symbols', path])
    .trim()
    .split('\n');
  const others = listed.filter((symbol) => !POSIX.test(symbol));
  if (others.length > 0) fail(`${name} needs ${others.join(', ')}, which not every C library has.`);
}

function run(name, program, args, cwd = root) {
  // Neither the time nor a path of this machine may get in.
  const env = { ...process.env, SOURCE_DATE_EPOCH: '0', ZERO_AR_DATE: '1', LC_ALL: 'C' };
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8' });

  if (status !== 0) fail(`${name}: ${program} failed.\n${error?.message ?? stderr}`);
  return stdout;
}

/** The folder with node_api.h and uv.h: where npm was told to look, beside this node, or where node-gyp keeps them. */
function nodeHeaders() {
  const folders = [
    process.env.npm_config_nodedir,
    dirname(dirname(process.execPath)),
    join(homedir(), '.cache/node-gyp', process.versions.node),
    join(homedir(), 'Library/Caches/node-gyp', process.versions.node),
  ];
  const found = folders
    .filter(Boolean)
    .map((folder) => join(folder, 'include/node'))
    .find((folder) => existsSync(join(folder, 'node_api.h')));

  return found ?? fail('Node has come without its headers: `npx node-gyp install` fetches them.');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
