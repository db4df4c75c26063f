import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import packageJson from 'lockstep/package.json' with { type: 'json' };

/** Everything that users can import, by entry. A change here is a change of the public API. */
const ENTRIES = {
  lockstep: [
    'AppError',
    'BlockedThreadError',
    'BridgeError',
    'BridgeMissingError',
    'ClosedError',
    'ConfigError',
    'ConnectionLostError',
    'DeadlockError',
    'EngineError',
    'EngineMissingError',
    'ExpectationError',
    'HoldTimeoutError',
    'LateWorkError',
    'LeakError',
    'LoadingError',
    'LockstepError',
    'NPlusOneError',
    'NestedWaitError',
    'NotRunningError',
    'OpenApiError',
    'OutsideError',
    'PeerMissingError',
    'QueryCountError',
    'RefusedStatementError',
    'RequestError',
    'SandboxError',
    'SandboxLostError',
    'ServerError',
    'SessionUsageError',
    'SetupError',
    'StallError',
    'StragglerError',
    'SwapError',
    'SyncTimeoutError',
    'SyncUsageError',
    'UnsafeDatabaseError',
    'UnsentRequestError',
    'UpgradeError',
    'WaitPlaceError',
    'client',
    'defineConfig',
    'expectQueries',
    'session',
    'sql',
    'sync',
    'syncify',
  ],
  'lockstep/mocha': [
    'identities',
    'manual',
    'mochaGlobalSetup',
    'mochaGlobalTeardown',
    'mochaHooks',
    'outside',
    'rollback',
    // mocha awaits what it requires.
    'then',
  ],
  'lockstep/supertest': ['agent', 'default', 'request'],
  'lockstep/chai': ['default', 'lockstepChai'],
  'lockstep/hono': ['typed'],
  'lockstep/drivers/better-sqlite3': ['SqliteError', 'default'],
  'lockstep/drivers/sqlite3': [
    'Database',
    'OPEN_CREATE',
    'OPEN_READONLY',
    'OPEN_READWRITE',
    'Statement',
    'cached',
    'default',
    'verbose',
  ],
} as const;

/** The names that an entry exports, seen by a process of its own: some entries act when imported. */
function exportsOf(entry: string, way: 'import' | 'require'): string[] {
  const module =
    way === 'import'
      ? `import * as entry from '${entry}'`
      : `const entry = process.getBuiltinModule('module').createRequire(import.meta.url)('${entry}')`;
  const script = `${module}; process.stdout.write(JSON.stringify(Object.keys(entry)));`;
  const output = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', script], {
    cwd: new URL('.', import.meta.resolve('lockstep/package.json')),
    encoding: 'utf8',
  });

  // Node adds the marker to what require() returns, for code that was compiled from ES modules.
  return (JSON.parse(output) as string[]).filter((name) => name !== '__esModule' && name !== 'module.exports').sort();
}

describe('the package', function () {
  this.timeout(20_000);

  for (const [entry, names] of Object.entries(ENTRIES)) {
    it(`exports by import of ${entry} exactly its list`, () => {
      expect(exportsOf(entry, 'import')).to.deep.equal([...names].sort());
    });
  }

  // What require() of a driver gives is the original package's own shape; the driver's tests hold it.
  for (const entry of ['lockstep', 'lockstep/mocha', 'lockstep/chai', 'lockstep/hono'] as const) {
    it(`exports by require of ${entry} the same`, () => {
      expect(exportsOf(entry, 'require')).to.deep.equal([...ENTRIES[entry]].sort());
    });
  }

  it('leads by its source maps from a stack to the lines of src/', () => {
    const script = `
      import { session } from 'lockstep';
      try { session.get('select 1'); } catch (error) { console.log(error.stack); }`;
    const stack = execFileSync(process.execPath, ['--enable-source-maps', '--input-type=module', '--eval', script], {
      cwd: new URL('.', import.meta.resolve('lockstep/package.json')),
      encoding: 'utf8',
      env: { ...process.env, LOCKSTEP_DEBUG: '1' },
    });
    const frames = [...stack.matchAll(/^ +at .*?(src[\\/][\w\\/-]+\.ts):(\d+)/gm)];
    const lines = frames.map(([, path = '', line]) => {
      const text = readFileSync(new URL(path, import.meta.resolve('lockstep/package.json')), 'utf8');
      return text.split('\n')[Number(line) - 1]?.trim();
    });

    expect(stack).not.to.match(/[\\/]dist[\\/]/);
    expect(lines, stack).to.include('throw new NotRunningError({').and.include('const lifecycle = present(what);');
  });

  it('is one, whether it is imported or required', () => {
    const script = `
      const require = process.getBuiltinModule('module').createRequire(import.meta.url);
      for (const name of ['lockstep', 'lockstep/mocha', 'lockstep/chai', 'lockstep/hono'])
        for (const [key, value] of Object.entries(require(name)))
          // What is awaited has its \`then\` behind it.
          if (key !== 'then' && (await import(name))[key] !== value) console.log(name, key);`;
    const different = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', script], {
      cwd: new URL('.', import.meta.resolve('lockstep/package.json')),
      encoding: 'utf8',
    });
    expect(different).to.equal('');
  });

  // With skipLibCheck: false, a package without types of its own would be an error in every project.
  it('asks in its types only for what has types of its own, or is used together with an entry', () => {
    const root = new URL('./', import.meta.resolve('lockstep/package.json'));
    const reached = new Set(
      Object.values(packageJson.exports).flatMap((entry) =>
        typeof entry === 'string' ? [] : [new URL(entry.import.types, root).href],
      ),
    );
    const asked: string[] = [];
    // A set is walked to what is added meanwhile.
    for (const file of reached) {
      const code = readFileSync(new URL(file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
      for (const [, specifier = ''] of code.matchAll(/(?:from|import|import\() ?'([^']+)'/g)) {
        if (specifier.startsWith('.')) reached.add(new URL(specifier.replace(/\.js$/, '.d.ts'), file).href);
        else asked.push(specifier);
      }
    }
    expect(reached.size).to.be.greaterThan(20);
    expect([...new Set(asked)].filter((name) => !name.startsWith('node:'))).to.have.members([
      'hono/types',
      'tough-cookie',
    ]);
  });

  it('has no entry beside those', () => {
    const entries = Object.keys(packageJson.exports).map((path) => path.replace('.', 'lockstep'));
    expect(entries).to.have.members([...Object.keys(ENTRIES), 'lockstep/package.json']);
  });
});
