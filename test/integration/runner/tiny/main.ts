/** Runs a test file, which uses the runner's globals, and prints what has come of it. */

import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { letGo } from '#src/runner/let-go.js';
import { TestRun } from '#src/runner/test-run.js';
import { adapter, executeBy } from './adapter.js';
import { globals, loading, root, runBlock } from './runner.js';

/** An error as it is told to who has started this process. */
export interface Told {
  readonly name: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
  readonly cause?: string | undefined;
}

export interface Output {
  readonly tests: readonly { readonly title: string; readonly attempts: number; readonly errors: readonly Told[] }[];
  /** What the run as such has failed with. */
  readonly failure: Told | undefined;
}

function told(error: unknown): Told {
  const { name, message, stack, code, cause } = error as Error & { code?: string };
  return { name, message, stack, code, cause: (cause as { code?: string } | undefined)?.code };
}

Object.assign(globalThis, globals);
loading.file = resolve(process.argv[2] ?? '');
const run = await TestRun.prepare(adapter);
run.lifecycle.tests(() => new Set([loading.file]));
await import(pathToFileURL(loading.file).href);
await run.begin({ first: true });
const results = await runBlock(root, executeBy(run));
const failure = await run.end({ stop: true });

const output: Output = {
  tests: results.map(({ errors, ...test }) => ({ ...test, errors: errors.map(told) })),
  failure: failure && told(failure),
};
console.log(JSON.stringify(output));
if (run.leftOpen) letGo(run.leftOpen);
