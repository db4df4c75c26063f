// One empty test: whole processes, beside mocha alone; by the clock, and by the processor time of mocha's process.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { inTurns, report } from './measure.mjs';

const ROUNDS = 10;

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const preload = fileURLToPath(new URL('start/processor-time.cjs', import.meta.url));

/** A process from its start to its end; `figure` is what counts of it. */
function wholeRun(folder, options, figure) {
  const cwd = fileURLToPath(new URL(`start/${folder}`, import.meta.url));
  const args = ['--require', preload, mocha, '--no-config', '--reporter', 'dot', ...options, 'tests.mjs'];

  return () =>
    new Promise((resolve, reject) => {
      const began = performance.now();
      const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
      const [, , complaints, times] = child.stdio;
      let [said, processor] = ['', ''];
      complaints.setEncoding('utf8').on('data', (text) => (said += text));
      times.setEncoding('utf8').on('data', (text) => (processor += text));
      child.once('error', reject).once('close', (code) => {
        if (code === 0) resolve({ clock: performance.now() - began, processor: Number(processor) }[figure]);
        else reject(new Error(`mocha ended with code ${code} in ${folder}:\n${said}`));
      });
    });
}

const LIMITS = { sqlite: { clock: '+90 ms', processor: '1.6x' }, postgres: { clock: '+250 ms' } };

export default async function start() {
  for (const [engine, limits] of Object.entries(LIMITS)) {
    for (const [figure, limit] of Object.entries(limits)) {
      const run = (...options) => wholeRun(engine, options, figure);
      const [ours, peer] = await inTurns([run('--require', 'lockstep/mocha'), run()], ROUNDS);

      const difference = figure === 'clock' ? `, +${(ours - peer).toFixed(0)} ms` : '';
      report(`one empty test, ${engine}, ${figure}${difference}`, ours, peer, 'mocha alone', 'ms', `≤ ${limit}`);
    }
  }
}
