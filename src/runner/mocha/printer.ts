import type { Printer } from '../adapter.js';

/** Reporters of mocha that make a difference. */
type ReporterName = 'github-actions' | 'tap';

/** By what the listeners of mocha's own reporters can be told (lib/reporters of mocha 10, 11 and 12). */
const LISTENERS: readonly (readonly [name: ReporterName, source: RegExp])[] = [
  ['github-actions', /\bciFailures\b/],
  ['tap', /\b_producer\b/],
];

/**
 * The reporter as far as it matters to what a stack holds.
 *
 * @param listeners those of failures
 * @param fullTrace whether --full-trace was given
 */
export function printerOf(listeners: readonly unknown[] = [], fullTrace = false): Printer {
  const reporter = reporterAmong(listeners);
  return {
    fullTrace,
    brief: reporter === 'github-actions',
    showsMessage: reporter === 'tap',
    indent: 2,
    changes: isFiltered,
  };
}

/** Which of them listens; the command line and the config file name it in several ways. */
function reporterAmong(listeners: readonly unknown[]): ReporterName | undefined {
  const sources = listeners.map(String);
  return LISTENERS.find(([, source]) => sources.some((text) => source.test(text)))?.[0];
}

/** mocha takes these lines out of a stack (`stackTraceFilter` in its lib/utils). */
const FILTERED = /[\\/]node_modules[\\/]mocha[\\/]|[\\/]mocha(?:\.min)?\.js|\((?:timers|events|node|module)\.js:/;

/** It shortens those with a path below the working directory. */
function isFiltered(line: string): boolean {
  return FILTERED.test(line) || (/:\d+:\d+\)?$/.test(line) && line.includes(`(${process.cwd()}`));
}
