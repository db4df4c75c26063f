import { createRequire } from 'node:module';
import type { Run } from '../../engine/index.js';

/** By it a worker of `mocha --parallel` knows its number (lib/nodejs/buffered-worker-pool of mocha 10, 11 and 12). */
const { MOCHA_WORKER_ID: worker } = process.env;

/**
 * Whether this process runs file after file for --parallel, each with root hooks of its own. The app
 * is imported once for all of them, so it cannot be stopped behind the first; it ends with the process.
 */
export const isParallelWorker: boolean = worker !== undefined;

/** The workers of `mocha --parallel` have the same parent. */
export const run: Run = { id: String(isParallelWorker ? process.ppid : process.pid), worker };

/** What of mocha's lib/cli/options.js is used. */
interface CliOptions {
  /** Options of the command line, of the config file and of package.json, in one. */
  loadOptions(argv: readonly string[]): { readonly parallel?: boolean; readonly require?: readonly string[] };
}

/**
 * Whether nothing that uses a database is loaded in this process any more: it only hands files to workers, and mocha
 * requires nothing behind this package.
 */
export function loadsNothingMore(): boolean {
  if (isParallelWorker) return false;

  const { cache } = createRequire(import.meta.url);
  const found = Object.entries(cache).find(([file]) => /[\\/]mocha[\\/]lib[\\/]cli[\\/]options\.c?js$/.test(file));
  const cli = found?.[1]?.exports as Partial<CliOptions> | undefined;
  const { parallel = false, require = [] } = cli?.loadOptions?.(process.argv.slice(2)) ?? {};
  return parallel && /\blockstep[\\/]mocha$/.test(require.at(-1) ?? '');
}
