import { swapState } from './state.js';

type ResolveFilename = (this: unknown, request: string, ...rest: readonly unknown[]) => string;

/** Node's CommonJS loader; `_resolveFilename` is what every loader of TypeScript patches too. */
interface CommonJsLoader {
  _resolveFilename: ResolveFilename;
}

/** Redirects `require` on Node 20. Returns what takes the patch away. */
export function swapCommonJs(nodeModule: unknown): () => void {
  const loader = nodeModule as CommonJsLoader;
  const original = loader._resolveFilename;

  const patched: ResolveFilename = function (request, ...rest) {
    const replacement = swapState.bypass > 0 ? undefined : swapState.active.get(request);
    return replacement?.path ?? original.call(this, request, ...rest);
  };
  loader._resolveFilename = patched;

  return () => {
    // If another tool has patched it since, ours stays below it and does nothing any more.
    if (loader._resolveFilename === patched) loader._resolveFilename = original;
  };
}
