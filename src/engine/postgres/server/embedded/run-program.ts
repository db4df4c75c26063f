import { spawn } from 'node:child_process';

import type { Account } from './account.js';

/** How a program of Postgres ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it printed, both streams. */
  readonly output: string;
  /** Set when it could not be started at all. */
  readonly error?: NodeJS.ErrnoException;
}

/** The environment of Postgres's programs: ours without what would change their settings or language. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG|NODE_)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

/** Runs a program to its end; `signal` kills it. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { account, signal, input = '' }: { account?: Account; signal?: AbortSignal; input?: string } = {},
): Promise<Ended> {
  return await new Promise((resolve) => {
    const child = spawn(program, args, {
      ...account,
      // The server's account may not enter the folder we are in.
      cwd: process.platform === 'win32' ? undefined : '/',
      env: serverEnvironment(),
      windowsHide: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(signal && { signal, killSignal: 'SIGKILL' }),
    });
    let output = '';
    let error: NodeJS.ErrnoException | undefined;

    child.on('error', (reason) => (error = reason));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    // It may end before it has read its input.
    child.stdin.on('error', () => undefined).end(input);
    child.on('close', (code, by) => resolve({ code, signal: by, output: output.trim(), ...(error && { error }) }));
  });
}
