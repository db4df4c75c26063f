import * as nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import { swapState } from './state.js';

interface Resolved {
  readonly url: string;
  readonly format?: string;
  readonly shortCircuit?: boolean;
}

type Resolve = (
  specifier: string,
  context: { readonly conditions?: readonly string[] },
  next: (specifier: string, context?: unknown) => Resolved,
) => Resolved;

interface Hooks {
  deregister(): void;
}

// Newer than the types of the oldest Node that is supported.
const { registerHooks } = nodeModule as { registerHooks?: (hooks: { resolve: Resolve }) => Hooks };

/** Puts a resolver in front of Node's, for `import` and `require`; undefined before Node 22.15. */
export const hookResolve: ((resolve: Resolve) => () => void) | undefined =
  registerHooks === undefined
    ? undefined
    : (resolve) => {
        const hooks = registerHooks({ resolve });
        return () => hooks.deregister();
      };

/** The resolver that knows the stand-ins. */
export const redirect: Resolve = (specifier, context, next) => {
  const replacement = swapState.bypass > 0 ? undefined : swapState.active.get(specifier);
  if (replacement === undefined) return next(specifier, context);

  return context.conditions?.includes('require') === true
    ? { url: pathToFileURL(replacement.path).href, format: 'commonjs', shortCircuit: true }
    : { url: replacement.url, format: 'module', shortCircuit: true };
};
