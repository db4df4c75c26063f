import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inLongRun } from './long-run.js';

/** One test as mocha's JSON reporter tells of it. */
export interface Outcome {
  readonly title: string;
  readonly fullTitle: string;
  readonly err: {
    readonly message?: string;
    readonly stack?: string;
    readonly code?: string;
    /** What can be seen of it in JSON. */
    readonly cause?: { readonly code?: string };
    /** The cause's message, where the fixture adds it. */
    readonly why?: string;
  };
  readonly duration?: number;
}

export interface MochaRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tests: readonly Outcome[];
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** The test or hook of that title. */
  find(title: string): Outcome;
}

const root = dirname(createRequire(import.meta.url).resolve('lockstep/package.json'));

/** A folder of test/fixtures. */
export function fixture(...names: string[]): string {
  return join(root, 'test', 'fixtures', ...names);
}

/** The mocha to run: the one of this package, or an older one from test/peers. */
export type MochaVersion = 'mocha' | 'mocha10' | 'mocha11';

/** Those that a suite is run by. */
export const MOCHAS = inLongRun<MochaVersion>(['mocha'], ['mocha10', 'mocha11']);

/** The program of a mocha. */
export function mochaProgram(version: MochaVersion = 'mocha'): string {
  const from = version === 'mocha' ? root : join(root, 'test', 'peers', version);
  const path = createRequire(join(from, 'package.json')).resolve('mocha/package.json');

  return join(dirname(path), 'bin', 'mocha.js');
}

interface RunOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the run counts as hung. */
  readonly limit?: number;
  readonly node?: string;
  readonly mocha?: MochaVersion | undefined;
  /** Is given the process, and each time what it has printed since. */
  readonly printed?: (child: ChildProcess, text: string) => void;
}

/** Runs the real mocha over a fixture in a process of its own, as a user would. */
export async function runMocha(cwd: string, files: readonly string[], options: RunOptions = {}): Promise<MochaRun> {
  const { args = ['--require', 'lockstep/mocha'], env = {}, limit = 30_000, node = process.execPath } = options;
  const child = spawn(node, [mochaProgram(options.mocha), '--no-config', ...args, '--reporter', 'json', ...files], {
    cwd,
    env: { ...withoutReader(process.env), FORCE_COLOR: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    options.printed?.(child, chunk.toString());
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`mocha did not end by itself within ${limit} ms\n${stdout}\n${stderr}`));
    }, limit);
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve(status);
    });
  });

  return { code, stdout, stderr, ...report(stdout) };
}

/** Reports are told apart by who reads them, and who runs the tests must make no difference. */
const READERS =
  /^(?:COLUMNS|GITHUB_ACTIONS|(?:AI_)?AGENT|CLAUDE_?CODE|CLINE_ACTIVE|CODEX_\w+|COPILOT_CLI|CURSOR_AGENT|GEMINI_CLI|OPENCODE)$/;

export function withoutReader(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !READERS.test(name)));
}

function report(stdout: string): Pick<MochaRun, 'tests' | 'passed' | 'failed' | 'find'> {
  const start = stdout.indexOf('{\n  "stats"');
  const parsed = (start < 0 ? { tests: [], passes: [], failures: [] } : JSON.parse(stdout.slice(start))) as {
    tests: Outcome[];
    passes: Outcome[];
    failures: Outcome[];
  };
  const all = [...parsed.failures, ...parsed.tests];

  return {
    tests: parsed.tests,
    passed: parsed.passes.map((test) => test.fullTitle),
    failed: parsed.failures.map((test) => test.fullTitle),
    find(title) {
      const found = all.find((test) => test.fullTitle === title || test.title === title);
      if (found === undefined) throw new Error(`no test "${title}" in:\n${stdout}`);
      return found;
    },
  };
}
