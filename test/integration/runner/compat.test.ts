import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { fixture, mochaProgram, runMocha } from '../run-mocha.js';
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

  for (const place of ['before', 'after']) {
    it(`source-map-support, required ${place} lockstep/mocha`, async () => {
      const plugins = ['source-map-support/register', 'lockstep/mocha'];
      if (place === 'after') plugins.reverse();
      const run = await runMocha(folder, ['crash.mjs'], { args: plugins.flatMap((name) => ['--require', name]) });

      expect(run.find('crash').err.stack).to.match(/the app crashed[\s\S]*app\.mjs[\s\S]*crash\.mjs/);
    });
  }

  for (const tool of ['c8', 'nyc'] as const) {
    it(`coverage with ${tool}`, function () {
      const program = programOf(tool);
      if (program === undefined) return this.skip();

      const output = mkdtempSync(join(tmpdir(), 'lockstep-coverage-'));
      try {
        const { status, stdout, stderr } = spawnSync(
          process.execPath,
          [
            program,
            ...['--reporter', 'json'],
            ...(tool === 'c8'
              ? ['--reports-dir', output, '--temp-directory']
              : ['--cwd', folder, '--report-dir', output, '--temp-dir']),
            join(output, 'tmp'),
            process.execPath,
            mochaProgram(),
            ...['--no-config', '--require', 'lockstep/mocha', tool === 'c8' ? 'breakpoint.mjs' : 'watched.cjs'],
          ],
          { cwd: folder, encoding: 'utf8', env: withoutCoverage() },
        );
        expect(status, stdout + stderr).to.equal(0);

        const covered = JSON.parse(readFileSync(join(output, 'coverage-final.json'), 'utf8')) as Record<
          string,
          unknown
        >;
        const files = Object.keys(covered).map((path) => path.slice(folder.length + 1));
        expect(files).to.include(tool === 'c8' ? 'app.mjs' : 'watched.cjs');
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

  for (const mocha of ['mocha', 'mocha10', 'mocha11'] as const) {
    it(`watch mode of ${mocha}: a second and third run in the same process`, async () => {
      const child = spawn(
        process.execPath,
        [mochaProgram(mocha), '--no-config', '--watch', '--require', 'lockstep/mocha', 'watched.cjs'],
        { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] },
      );
      const ended = new Promise((resolve) => child.once('close', resolve));
      let output = '';
      let runs = 0;
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20_000);
        child.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          const finished = output.split(/\d+ (?:passing|failing)/).length - 1;
          if (finished === runs) return;
          runs = finished;
          if (runs === 3) {
            clearTimeout(timer);
            resolve();
          } else setTimeout(() => child.stdin.write('rs\n'), 100);
        });
      });
      child.kill('SIGINT');
      setTimeout(() => child.kill('SIGKILL'), 5000).unref();
      await ended;

      expect(output.split('3 passing').length - 1, output).to.equal(3);
    });
  }

  for (const mocha of ['mocha10', 'mocha11'] as const) {
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

/** The program of a package, if it is installed. */
function programOf(name: string): string | undefined {
  try {
    const path = require.resolve(`${name}/package.json`);
    return join(dirname(path), 'bin', `${name}.js`);
  } catch {
    return undefined;
  }
}

/** Our own coverage must not get into that of the run. */
function withoutCoverage(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_V8_COVERAGE: '' };
}
