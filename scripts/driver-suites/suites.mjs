// What each suite consists of and how one of its files is run.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const MINUTE = 60_000;
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * A suite's `files` are run one by one in `cwd`, each with its own deadline in milliseconds. One that `resumes` can be
 * started behind the test with which its runner gave up.
 */
export function suitesOf(nodePostgres, postgresJs) {
  const inPackage = (name) => resolve(nodePostgres, 'packages', name);

  return [
    {
      name: 'pg',
      database: 'driver_suites_test',
      cwd: inPackage('pg'),
      files: filesIn(join(inPackage('pg'), 'test/integration'), /-tests\.js$/).map((file) =>
        join('test/integration', file),
      ),
      command: (file) => [file],
      environment: { NODE_OPTIONS: `--require=${here('pg-watcher.cjs')}` },
      deadline: MINUTE,
      resumes: true,
    },
    mochaSuite('pg-pool', inPackage('pg-pool'), /^(?!setup|idle-timeout-exit).*\.js$/),
    mochaSuite('pg-cursor', inPackage('pg-cursor'), /\.js$/),
    mochaSuite('pg-query-stream', inPackage('pg-query-stream'), /^(?!helper).*\.ts$/, [
      '--require',
      'ts-node/register',
    ]),
    {
      name: 'postgres.js',
      database: 'postgres_js_test',
      cwd: resolve(postgresJs),
      files: [join('tests', 'index.js')],
      command: (file) => [file],
      environment: { NODE_OPTIONS: `--import=${new URL('postgres-js-hooks.mjs', import.meta.url)}` },
      deadline: 10 * MINUTE,
      resumes: true,
    },
  ];
}

function mochaSuite(name, cwd, pattern, options = []) {
  const mocha = createRequire(join(cwd, 'package.json')).resolve('mocha/bin/mocha.js');

  return {
    name,
    database: 'driver_suites_test',
    cwd,
    files: filesIn(join(cwd, 'test'), pattern).map((file) => join('test', file)),
    command: (file) => [mocha, ...options, '--reporter', here('mocha-reporter.cjs'), file],
    // Their types are those of the compiler that they were written with.
    environment: { TS_NODE_TRANSPILE_ONLY: 'true' },
    deadline: 2 * MINUTE,
  };
}

function filesIn(folder, pattern) {
  return readdirSync(folder, { recursive: true })
    .filter((file) => pattern.test(file.split(sep).join('/')))
    .sort();
}
