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
