import type { Printer } from '../adapter.js';

/** Who reads the reports of failures, as far as it matters to what they hold. */
export interface Reader {
  /** Characters of a line. */
  readonly width: number;
  /** Whether only what has failed is told: somebody pays for each line, or has no room for it. */
  readonly brief: boolean;
}

/** What is known of a terminal. */
interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Columns where no terminal tells how many it has. */
const UNKNOWN = 120;

/** A terminal with less has no room for what did not fail. */
const ROOMY = 100;

/** Variables that coding agents set for the commands that they run; AI_AGENT is what they agree upon. */
const AGENTS = [
  'AI_AGENT',
  'AGENT',
  'CLAUDECODE',
  'CLAUDE_CODE',
  'CLINE_ACTIVE',
  'CODEX_CI',
  'CODEX_SANDBOX',
  'CODEX_THREAD_ID',
  'COPILOT_CLI',
  'CURSOR_AGENT',
  'GEMINI_CLI',
  'OPENCODE',
];

/** Tells by the terminal, the environment and what prints the report. */
export function readerOf(output: Output, env: NodeJS.ProcessEnv, { brief, indent }: Printer): Reader {
  const told = Number(env['COLUMNS']);
  const columns = output.isTTY === true ? output.columns : told > 0 ? told : undefined;
  const agent = AGENTS.some((name) => (env[name] ?? '') !== '');

  return {
    width: Math.max((columns ?? UNKNOWN) - indent, 40),
    brief: brief || env['GITHUB_ACTIONS'] === 'true' || agent || (columns !== undefined && columns < ROOMY),
  };
}
