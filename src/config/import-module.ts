import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isModuleNamespaceObject } from 'node:util/types';

import { runnerWords } from '../runner-words.js';
import { isRecord } from './section.js';

/** What an imported file exports, by name; its default export is under `default`. */
export type Exports = Readonly<Record<string, unknown>>;

/** Node's codes for a TypeScript file that it cannot run by itself. */
const TYPESCRIPT_CODES = new Set(['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX']);

/**
 * Imports a file by whatever loader the process has: the user's (tsx) or Node's own type stripping.
 *
 * @throws whatever the file throws; see {@link typescriptAdvice}.
 */
export async function importModule(path: string): Promise<Exports> {
  const module = (await import(pathToFileURL(path).href)) as Exports;

  return isCompiled(module.default) ? { ...module, ...module.default } : module;
}

/**
 * Loads a file the way that the test files were loaded. A runner may require them where Node can require ES
 * modules, and a loader such as tsx makes another module of a file that is required than of one
 * that is imported: the app would have a second copy of everything that it shares with its tests.
 *
 * @param testFiles absolute paths
 * @throws whatever the file throws; see {@link typescriptAdvice}.
 */
export async function importLike(path: string, testFiles: Iterable<string>): Promise<Exports> {
  const require = createRequire(path);
  if (!isCompiledHere(require, path, testFiles)) return importModule(path);

  try {
    const exports: unknown = require(path);
    const named = typeof exports === 'object' || typeof exports === 'function' ? { ...exports } : {};
    return isNamespace(exports) ? exports : { ...named, default: exports };
  } catch (error) {
    // A module that awaits at its top level can only be imported.
    if (!isAsyncModule(error)) throw error;
    return importModule(path);
  }
}

/** Whether a loader compiles what is required, and has compiled a test file. */
function isCompiledHere(require: NodeJS.Require, path: string, testFiles: Iterable<string>): boolean {
  // Deprecated since 2011, but where loaders register still.
  if (!(extname(path) in require.extensions)) return false;

  return [...testFiles].some((file) => {
    const cached = require.cache[file];
    // Node has one module for a file that both require and import, which is told by its namespace.
    return cached !== undefined && !isModuleNamespaceObject(cached.exports);
  });
}

function isNamespace(exports: unknown): exports is Exports {
  return isModuleNamespaceObject(exports) || isCompiled(exports);
}

/** By Node's code, or as esbuild says it, which is what tsx compiles with. */
function isAsyncModule(error: unknown): boolean {
  const { code, message } = error as Partial<NodeJS.ErrnoException>;

  return code === 'ERR_REQUIRE_ASYNC_MODULE' || /top-level await/i.test(message ?? '');
}

/** What to do when an import failed because Node met TypeScript; undefined for every other error. */
export function typescriptAdvice(error: unknown, insteadOf: string): string | undefined {
  const { code, message } = error as Partial<NodeJS.ErrnoException>;
  if (code === undefined || !TYPESCRIPT_CODES.has(code)) return undefined;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && !/\.[cm]?ts\b/.test(message ?? '')) return undefined;

  return (
    `Let a loader run TypeScript: install tsx and ${runnerWords().loader} ` +
    `(or start Node with --import tsx); or write ${insteadOf.slice(0, -extname(insteadOf).length)}.mjs instead.`
  );
}

/** An ES module that was compiled to CommonJS: Node puts the whole of its exports under `default`. */
function isCompiled(value: unknown): value is Exports {
  return isRecord(value) && value['__esModule'] === true;
}
