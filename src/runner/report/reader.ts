/** Who reads the reports of failures, as far as it matters to what they hold. */
export interface Reader {
  /** Characters of a line. */
  readonly width: number;
  /** Whether only what has failed is told: somebody pays for each line, or has no room for it. */
  readonly brief: boolean;
  /** Whether the message is printed beside the stack anyway, so that one in the stack would be a second. */
  readonly showsMessage: boolean;
}

/** What is known of a terminal. */
interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Reporters of mocha that make a difference. */
export type ReporterName = 'github-actions' | 'tap';

/** By what the listeners of mocha's own reporters can be told (lib/reporters of mocha 10, 11 and 12). */
const LISTENERS: readonly (readonly [name: ReporterName, source: RegExp])[] = [
  ['github-actions', /\bciFailures\b/],
  ['tap', /\b_producer\b/],
];

/** Which of them listens; the command line and the config file name it in several ways. */
export function reporterAmong(listeners: readonly unknown[]): ReporterName | undefined {
  const sources = listeners.map(String);
  return LISTENERS.find(([, source]) => sources.some((text) => source.test(text)))?.[0];
}

/** Columns where no terminal tells how many it has. */
const UNKNOWN = 120;

/** A terminal with less has no room for what did not fail. */
const ROOMY = 100;

/** What mocha's reporters put before each line of a stack. */
const INDENT = 2;

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

/**
 * Tells by the terminal and the environment.
 *
 * @param reporter the one that prints the report, where it is known
 */
export function readerOf(output: Output, env: NodeJS.ProcessEnv, reporter?: ReporterName): Reader {
  const told = Number(env['COLUMNS']);
  const columns = output.isTTY === true ? output.columns : told > 0 ? told : undefined;
  const agent = AGENTS.some((name) => (env[name] ?? '') !== '');

  return {
    width: Math.max((columns ?? UNKNOWN) - INDENT, 40),
    brief:
      reporter === 'github-actions' ||
      env['GITHUB_ACTIONS'] === 'true' ||
      agent ||
      (columns !== undefined && columns < ROOMY),
    showsMessage: reporter === 'tap',
  };
}
