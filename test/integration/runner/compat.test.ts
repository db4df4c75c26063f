import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, mochaProgram, MOCHAS, type MochaVersion, runMocha } from '../run-mocha.js';
import { watchMocha } from '../watch-mocha.js';
import { Debugger } from './debugger.js';

const folder = fixture('compat');
const require = createRequire(import.meta.url);

describe('beside other tools', function () {
  this.timeout(60_000);

  for (const [title, file, tests] of [
    ['fake timers of sinon', 'fake-timers.mjs', 9],
    ['the module domain', 'domain.cjs', 7],
  ] as const) {
    it(title, async () => {
      const run = await runMocha(folder, [file]);

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(tests);
      expect(run.code).to.equal(0);
    });
  }

  it('tsx in a package of CommonJS', async () => {
    const run = await runMocha(fixture('tsx-commonjs'), ['query.test.ts'], {
      args: ['--require', 'tsx', '--require', 'lockstep/mocha'],
    });

    expect(run.passed, run.stdout + run.stderr).to.deep.equal(['imports lockstep']);
  });

  for (const mocha of MOCHAS) {
    for (const parallel of [[], ['--parallel']]) {
      it(`tsx has one copy of what the app and its tests import: ${mocha} ${parallel.join()}`, async () => {
        const run = await runMocha(fixture('tsx-modules'), ['state.test.ts', 'again.test.ts'], {
          args: ['--require', 'tsx', '--require', 'lockstep/mocha', ...parallel],
          mocha,
        });

        expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
        expect(run.passed).to.have.length(2);
      });
    }

    it(`tsx, an app that awaits at its top level: ${mocha}`, async () => {
      const run = await runMocha(fixture('tsx-modules'), ['awaits.test.ts'], {
        args: ['--require', 'tsx', '--require', 'lockstep/mocha'],
        env: { APP: './awaits.ts' },
        mocha,
      });

      expect(run.passed, run.stdout + run.stderr).to.deep.equal(['starts']);
    });
  }

  for (const place of ['before', 'after']) {
    it(`source-map-support, required ${place} lockstep/mocha`, async () => {
      const plugins = ['source-map-support/register', 'lockstep/mocha'];
      if (place === 'after') plugins.reverse();
      const run = await runMocha(folder, ['crash.mjs'], { args: plugins.flatMap((name) => ['--require', name]) });

      expect(run.find('crash').err.stack).to.match(/the app crashed[\s\S]*app\.mjs[\s\S]*crash\.mjs/);
    });
  }

  for (const [tool, file, covered, code, options] of [
    ['c8', 'breakpoint.mjs', 'app.mjs', 'const answer = 42', ['--reports-dir', '--temp-directory']],
    // Without its own folder nyc takes that of the package, below which it leaves out everything in test/.
    ['nyc', 'watched.cjs', 'watched.cjs', 'resolve(answer)', ['--cwd', folder, '--report-dir', '--temp-dir']],
  ] as const) {
    it(`coverage with ${tool}`, () => {
      const output = mkdtempSync(join(tmpdir(), 'lockstep-coverage-'));
      try {
        const { status, stdout, stderr } = spawnSync(
          process.execPath,
          [
            programOf(tool),
            ...['--reporter', 'json', ...options.slice(0, -1), output, options.at(-1) ?? '', join(output, 'tmp')],
            ...[process.execPath, mochaProgram(), '--no-config', '--require', 'lockstep/mocha', file],
          ],
          { cwd: folder, encoding: 'utf8', env: withoutCoverage() },
        );
        expect(status, stdout + stderr).to.equal(0);

        const path = join(folder, covered);
        const [before = ''] = readFileSync(path, 'utf8').split(code);
        const line = before.split('\n').length;
        const report = JSON.parse(readFileSync(join(output, 'coverage-final.json'), 'utf8')) as Coverage;
        expect(Object.keys(report)).to.include(path);
        const { statementMap, s } = report[path] as FileCoverage;
        const counts = Object.entries(statementMap).flatMap(([id, { start }]) => (start.line === line ? s[id] : []));
        expect(counts, `line ${line} of ${covered} runs during a wait`).to.include(1);
      } finally {
        rmSync(output, { recursive: true, force: true });
      }
    });
  }

  it('a breakpoint inside a handler that runs during a wait', async () => {
    // mocha switches its own timeouts off, as it does for a person.
    const child = spawn(
      process.execPath,
      [mochaProgram(), '--no-config', '--inspect-brk=127.0.0.1:0', '--require', 'lockstep/mocha', 'breakpoint.mjs'],
      { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const ended = new Promise((resolve) => child.once('close', resolve));
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));

    const session = await Debugger.attach(child.stderr);
    try {
      await session.send('Debugger.enable');
      await session.send('Runtime.runIfWaitingForDebugger');
      // The first stop is the start of the program.
      await session.paused();
      await session.send('Debugger.resume');

      const callFrameId = await session.paused();
      const { result } = (await session.send('Debugger.evaluateOnCallFrame', {
        callFrameId,
        expression: 'answer',
      })) as { result: { value: unknown } };
      expect(result.value).to.equal(42);

      // A person takes longer than any grace of ours.
      await new Promise((resolve) => setTimeout(resolve, 2500));
      await session.send('Debugger.stepOver');
      await session.paused();
      await session.send('Debugger.resume');
    } finally {
      session.close();
    }
    await ended;

    expect(output).to.match(/2 passing/);
  });

  for (const mocha of MOCHAS) {
    it(`watch mode of ${mocha}: a second and third run in the same process`, async () => {
      const { runs, output } = await watchMocha(folder, 'watched.cjs', { mocha });

      expect(runs, output).to.have.length(3);
      for (const run of runs) expect(run).to.match(/^ *3 passing[^\n]*$/);
    });
  }

  for (const mocha of inLongRun<MochaVersion>(['mocha10'], ['mocha11'])) {
    it(`${mocha}: rollback, layers, failures`, async () => {
      const [rollback, layers, failures] = await Promise.all(
        ['rollback.mjs', 'layers.mjs', 'failures.mjs'].map((file) => runMocha(fixture('notes'), [file], { mocha })),
      );

      expect(rollback?.passed, rollback?.stdout).to.have.length(12);
      expect(layers?.failed, layers?.stdout).to.deep.equal([]);
      expect(failures?.passed.filter((title) => title.endsWith('and the next test runs'))).to.have.length(7);
    });
  }
});

/** Coverage as istanbul writes it: how often each statement ran. */
interface FileCoverage {
  readonly statementMap: Readonly<Record<string, { readonly start: { readonly line: number } }>>;
  readonly s: Readonly<Record<string, number>>;
}
type Coverage = Readonly<Record<string, FileCoverage>>;

/** The program of a package. */
function programOf(name: string): string {
  return join(dirname(require.resolve(`${name}/package.json`)), 'bin', `${name}.js`);
}

/** Our own coverage must not get into that of the run. */
function withoutCoverage(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_V8_COVERAGE: '' };
}
