/** Runs in Node 20's loader thread: it shares nothing with the rest of Lockstep but the flags. */
import type { ThreadTable } from './thread-hooks.js';

interface Resolved {
  readonly url: string;
  readonly format?: string;
  readonly shortCircuit?: boolean;
}

let table: ThreadTable | undefined;

/** Called by Node with what was registered. */
export function initialize(data: ThreadTable): void {
  table = data;
}

/** Called by Node for every `import`. */
export function resolve(
  specifier: string,
  context: { readonly conditions?: readonly string[] },
  next: (specifier: string, context: unknown) => Promise<Resolved>,
): Resolved | Promise<Resolved> {
  const index = table?.names.indexOf(specifier) ?? -1;
  if (table === undefined || index < 0 || Atomics.load(table.flags, index) === 0) return next(specifier, context);

  const url = table.urls[index];
  const commonJs = table.commonJs[index];
  if (url === undefined || commonJs === undefined) return next(specifier, context);

  // A loader of TypeScript may resolve the requires of CommonJS modules here as well.
  return context.conditions?.includes('require') === true && !context.conditions.includes('import')
    ? { url: commonJs, format: 'commonjs', shortCircuit: true }
    : { url, format: 'module', shortCircuit: true };
}
