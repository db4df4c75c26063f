import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';

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

/** What to do when an import failed because Node met TypeScript; undefined for every other error. */
export function typescriptAdvice(error: unknown, insteadOf: string): string | undefined {
  const { code, message } = error as Partial<NodeJS.ErrnoException>;
  if (code === undefined || !TYPESCRIPT_CODES.has(code)) return undefined;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && !/\.[cm]?ts\b/.test(message ?? '')) return undefined;

  return (
    'Let a loader run TypeScript: install tsx and add "tsx" before "lockstep/mocha" to `require` in .mocharc.json ' +
    `(or start Node with --import tsx); or write ${insteadOf.slice(0, -extname(insteadOf).length)}.mjs instead.`
  );
}

/** An ES module that was compiled to CommonJS: Node puts the whole of its exports under `default`. */
function isCompiled(value: unknown): value is Exports {
  return isRecord(value) && value['__esModule'] === true;
}
