import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * A module of Node's, or a package that is CommonJS, which is loaded when it is asked for: most runs
 * have no need of it. Not for ES modules of our own: a loader such as tsx would make a second copy of them.
 */
export function lazily<Module>(name: string): () => Module {
  let module: Module | undefined;

  return () => (module ??= require(name) as Module);
}
