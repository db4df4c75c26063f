import { spawn, type ChildProcess } from 'node:child_process';
import type { ResolvedCommand } from '../../config/index.js';
import { SetupError } from '../../errors.js';
import { clearTimeout, setTimeout } from '../../real-time.js';

/** Lines of a command's output that a failure shows. */
const SHOWN = 30;

/** Has the database's URL in a command's environment, under a name that no app reads. */
const URL_VARIABLE = 'LOCKSTEP_URL';

/** How a command ended. */
interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error: Error | undefined;
  readonly late: boolean;
  readonly output: string;
}

/**
 * Runs a command of the user's that prepares the database. The event loop goes on meanwhile: the
 * sandbox may have to answer the command from this very thread.
 *
 * @param env variables beside those of this process
 * @throws SetupError with the end of its output when it fails or does not end.
 */
export async function runCommand(
  step: ResolvedCommand,
  key: string,
  url: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { command, cwd, timeout } = step;
  const child = spawn(command, {
    cwd,
    env: { ...process.env, [URL_VARIABLE]: url, ...env, ...step.env },
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    // A group of its own, so that what the shell has started ends with it.
    detached: process.platform !== 'win32',
  });

  const end = await endOf(child, timeout);
  if (end.code === 0 && !end.late) return;
  throw new SetupError({
    what: `${key}: the command ${JSON.stringify(command)} ${howItEnded(end, timeout)}.`,
    why: end.output === '' ? 'It has printed nothing.' : `It has printed:\n${lastLines(end.output)}`,
    remedy: `It was run in ${cwd}, with the database's URL in ${URL_VARIABLE} and in the variables of env.`,
    cause: end.error,
  });
}

function endOf(child: ChildProcess, timeout: number): Promise<End> {
  return new Promise((resolve) => {
    let output = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endAll(child);
    }, timeout);
    const settle = (code: number | null, signal: NodeJS.Signals | null, error?: Error): void => {
      clearTimeout(timer);
      resolve({ code, signal, error, late, output });
    };

    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => (output += text));
    }
    child.once('error', (error) => settle(null, null, error));
    child.once('close', (code, signal) => settle(code, signal));
  });
}

function endAll(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // It has ended in this very moment.
  }
}

function howItEnded({ code, signal, error, late }: End, timeout: number): string {
  if (late) return `has not ended within ${timeout} ms`;
  if (error !== undefined) return `could not be started: ${error.message}`;
  return code === null ? `was ended by ${signal}` : `failed with exit code ${code}`;
}

function lastLines(output: string): string {
  const lines = output.trimEnd().split(/\r?\n/);
  const before = lines.length > SHOWN ? [`… ${lines.length - SHOWN} lines before these`] : [];
  return [...before, ...lines.slice(-SHOWN)].map((line) => `    ${line}`).join('\n');
}
