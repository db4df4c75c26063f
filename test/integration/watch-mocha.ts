import { spawn } from 'node:child_process';
import { mochaProgram, type MochaVersion } from './run-mocha.js';

/** What mocha prints at the end of a run. */
const END = /^ {2}\d+ passing .*(?:\n {2}\d+ \w+.*)*/gm;

interface WatchOptions {
  readonly runs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly mocha?: MochaVersion;
  /** Called behind each run, before the next is asked for. */
  readonly between?: (run: number) => void;
  /** What a run prints when it is to be broken off by the next. */
  readonly interrupt?: RegExp;
  /** Milliseconds after which the runs count as hung. */
  readonly limit?: number;
}

/** What watch mode did. */
export interface Watch {
  /** `4 passing (2s)` for each run, those that were broken off included. */
  readonly runs: readonly string[];
  readonly output: string;
  /** What mocha ended with. */
  readonly code: number | null;
}

/** Runs mocha in watch mode, asks for run after run as a user does with `rs`, then presses Ctrl+C. */
export async function watchMocha(cwd: string, file: string, options: WatchOptions = {}): Promise<Watch> {
  const { runs = 3, env = {}, mocha, between, interrupt, limit = 60_000 } = options;
  const program = [mochaProgram(mocha), '--no-config', '--watch', '--require', 'lockstep/mocha', file];
  const child = spawn(process.execPath, program, {
    cwd,
    env: { ...process.env, FORCE_COLOR: '0', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const again = (): void => void child.stdin.write('rs\n');
  let output = '';
  let done = 0;
  let interrupted = interrupt === undefined;

  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (!interrupted && interrupt?.test(output)) {
      interrupted = true;
      again();
    }

    const ended = output.match(END)?.length ?? 0;
    if (ended === done) return;
    done = ended;
    if (done >= runs) setTimeout(() => child.kill('SIGINT'), 100);
    else if (interrupt === undefined || done > 1) {
      // mocha has to be done with a run before it takes note of the wish for another.
      setTimeout(() => {
        between?.(done);
        again();
      }, 100);
    }
  });

  const code = await new Promise<number | null>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`mocha --watch did not end within ${limit} ms\n${output}`));
    }, limit);
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve(status);
    });
  });
  return { runs: output.match(END) ?? [], output, code };
}
