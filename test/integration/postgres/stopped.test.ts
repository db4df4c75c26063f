import { spawn } from 'node:child_process';
import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, mochaProgram, runMocha, type MochaRun } from '../run-mocha.js';
import { Debugger } from '../runner/debugger.js';
import { newDatabase } from './server.js';

const folder = fixture('postgres-stopped');
/** Longer than any patience of ours, or of a server that is asked for life. */
const PAUSE = 12_000;
const MOMENTS = ['a request', 'a statement of the session', "a wait for the app's transaction", 'its end'];
/** Which host is stopped at which moments. */
const STOPS: Readonly<Record<string, readonly string[]>> = {
  'in-thread': MOMENTS,
  worker: inLongRun(MOMENTS.slice(0, 2), MOMENTS.slice(2)),
};
const AT_BREAKPOINT = inLongRun(['in-thread'], ['worker']);

async function environment(name: string, RELAY_HOST: string): Promise<Record<string, string>> {
  const { host = '', port, user = '' } = await newDatabase(name);
  const parameters = new URLSearchParams({ host, port: String(port), user });
  return { SERVER_URL: `postgres:///${name}?${parameters.toString()}`, RELAY_HOST };
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE));

describe('postgres: a process that stands still for 12 seconds', function () {
  this.timeout(90_000);

  const runs = new Map<string, Promise<MochaRun>>();
  const stops = new Map<string, number>();

  const outputs = new Map<string, Promise<string>>();

  // They wait all the time, so they do it side by side.
  before(async () => {
    for (const host of AT_BREAKPOINT) {
      const output = stayAtBreakpoint(await environment(`breakpoint_${host.replace('-', '_')}_test`, host));
      output.catch(() => undefined);
      outputs.set(host, output);
    }
    for (const [host, moments] of Object.entries(STOPS)) {
      for (const [index, AMID] of moments.entries()) {
        const key = `${host} ${AMID}`;
        const env = { ...(await environment(`stopped_${host.replace('-', '_')}_${index}_test`, host)), AMID };
        const args = ['--require', 'lockstep/mocha', '--timeout', '60000'];
        const run = runMocha(folder, ['stopped.mjs'], {
          args,
          env,
          limit: 80_000,
          printed(child, text) {
            if (!text.includes('STOP')) return;
            child.kill('SIGSTOP');
            stops.set(key, (stops.get(key) ?? 0) + 1);
            void pause().then(() => child.kill('SIGCONT'));
          },
        });
        run.catch(() => undefined);
        runs.set(key, run);
      }
    }
  });

  for (const [host, moments] of Object.entries(STOPS)) {
    for (const amid of moments) {
      it(`stopped amid ${amid}, nothing fails: ${host}`, async () => {
        const run = (await runs.get(`${host} ${amid}`)) as MochaRun;
        expect(stops.get(`${host} ${amid}`)).to.equal(1);
        expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
        expect(run.passed).to.have.length(2);
      });
    }
  }

  for (const host of AT_BREAKPOINT) {
    it(`at a breakpoint inside a transaction of the app, nothing fails: ${host}`, async () => {
      expect(await outputs.get(host)).to.match(/2 passing/);
    });
  }
});

/** Runs the tests in a debugger, and lets them stand at their breakpoint; what they have printed. */
async function stayAtBreakpoint(env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(
    process.execPath,
    [mochaProgram(), '--no-config', '--inspect-brk=127.0.0.1:0', '--require', 'lockstep/mocha', 'breakpoint.mjs'],
    { cwd: folder, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
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
    await session.paused();
    await pause();
    await session.send('Debugger.resume');
  } finally {
    session.close();
  }
  await ended;
  return output;
}
