import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import type { Upstream } from '#src/engine/postgres/server/index.js';

import { root } from './temporary.js';

const SERVER = import.meta.resolve('#src/engine/postgres/server/index.js');

const SCRIPT = `
  const { openServer } = await import(${JSON.stringify(SERVER)});
  const [root, mode, run] = process.argv.slice(1);
  try {
    const server = await openServer({ root, ...(run && { run }) });
    console.log(JSON.stringify(server.upstream));
    if (mode === 'stay') {
      process.stdin.resume();
      await new Promise((resolve) => process.stdin.once('end', resolve));
      await server.stop();
    }
  } catch (error) {
    console.log(JSON.stringify({ error: error.message }));
  }`;

interface WorkerOptions {
  /** Whether it is one of several workers of the same run. */
  readonly shared?: boolean;
  /** Whether it stays until it is told to stop; otherwise it ends without stopping its server. */
  readonly stays?: boolean;
  readonly uid?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A process that opens the embedded server, as a worker of mocha does. */
export class Worker {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;

  constructor({ shared = false, stays = true, uid, env = {} }: WorkerOptions = {}) {
    const run = shared ? [`of ${process.pid}`] : [];
    this.process = spawn(
      process.execPath,
      ['--input-type=module', '--eval', SCRIPT, root, stays ? 'stay' : 'leave', ...run],
      {
        env: { ...process.env, ...env },
        stdio: ['pipe', 'pipe', 'inherit'],
        ...(uid !== undefined && { uid, gid: uid }),
      },
    );
    this.ended = once(this.process, 'exit');
  }

  /** Where its server is, once it is there. */
  async upstream(): Promise<Upstream> {
    const lines = createInterface({ input: this.process.stdout as NodeJS.ReadableStream });
    const [line] = (await once(lines, 'line')) as [string];
    const answer = JSON.parse(line) as Upstream | { error: string };
    if ('error' in answer) throw new Error(answer.error);
    return answer;
  }

  /** Lets it stop its server, and end. */
  async stop(): Promise<void> {
    this.process.stdin?.end();
    await this.ended;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.process.kill(signal);
    await this.ended;
  }
}
