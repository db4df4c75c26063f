import { dirname } from 'node:path';

import { AppError } from '../errors.js';
import { importLike, typescriptAdvice, type Exports } from './import-module.js';
import { nearest } from './nearest.js';
import { asWritten } from './paths.js';
import type { ResolvedConfig } from './resolved.js';
import { isRecord } from './section.js';

/** Imports a file by its absolute path, for tests that are in these files. */
export type ImportApp = (path: string, testFiles: ReadonlySet<string>) => Promise<Exports>;

/** Names that some loaders add to a module's exports. */
const NOT_EXPORTS = new Set(['__esModule', 'module.exports']);

/**
 * The config's app: a promise of the module's export for a path, anything else as it was given.
 * A function is not called: whether it is a factory or a listener is for the HTTP client to tell.
 *
 * Call it after the engine was prepared: it imports the app, and with it the app's driver.
 *
 * @param testFiles absolute paths of the files whose modules the app shares
 * @param importer imports a file by its absolute path; by default as those were loaded
 * @throws AppError when the config names no app.
 * The promise rejects with AppError when the module has no such export, and with the app's own
 * error when its code throws.
 */
export function loadApp(
  config: ResolvedConfig,
  testFiles: ReadonlySet<string> = new Set(),
  importer: ImportApp = importLike,
): unknown {
  const { app, source } = config;

  if (app === undefined) {
    throw new AppError({
      what: `${source} names no app, but a test used the client.`,
      remedy: "Add app: './src/app.js' to it, with the path of the module that exports the app.",
    });
  }
  return app.kind === 'given'
    ? app.value
    : importApp(app.path, app.exportName, source, () => importer(app.path, testFiles));
}

async function importApp(
  path: string,
  exportName: string | undefined,
  source: string,
  load: () => Promise<Exports>,
): Promise<unknown> {
  const exports = await importExports(path, source, load);

  if (exportName !== undefined) {
    const found = exports[exportName];
    if (found === undefined || found === null) throw missingExport(path, exportName, exports, source);
    return found;
  }

  const found = exports.default ?? exports['app'];
  if (found === undefined || found === null) throw noApp(path, exports, source);
  // What starts and stops around the app is the client's business, which looks for it beside the app.
  return exports['lifespan'] === undefined ? found : { app: found, lifespan: exports['lifespan'] };
}

async function importExports(path: string, source: string, load: () => Promise<Exports>): Promise<Exports> {
  try {
    return flatten(await load());
  } catch (error) {
    const remedy = typescriptAdvice(error, asWritten(path, dirname(source)));
    if (remedy === undefined) throw error;
    throw new AppError({
      what: `The app ${path} of ${source} cannot be loaded.`,
      why: `Node ${process.versions.node} does not run its TypeScript by itself: ${(error as Error).message}`,
      remedy,
      cause: error,
    });
  }
}

/**
 * CommonJS `exports.app = …` arrives as a plain object under `default`: not an app, but the exports.
 * A plain object that can serve requests itself (a fetch handler, a listener's owner) is an app.
 */
function flatten(module: Exports): Exports {
  const { default: main, ...named } = module;
  const serves =
    isRecord(main) && ['fetch', 'handle', 'listen', 'callback'].some((name) => typeof main[name] === 'function');
  const isBag = isRecord(main) && !serves && isPlain(main);

  return isBag ? { ...named, ...main } : module;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);

  return prototype === null || prototype === Object.prototype;
}

function namesOf(exports: Exports): string[] {
  return Object.keys(exports).filter((name) => !NOT_EXPORTS.has(name));
}

function missingExport(path: string, exportName: string, exports: Exports, source: string): AppError {
  const names = namesOf(exports);
  const meant = nearest(exportName, names);

  return new AppError({
    what: `app in ${source} wants '${exportName}' of ${path}, but the module does not export it.`,
    why: names.length === 0 ? 'It exports nothing.' : `It exports ${names.join(', ')}.`,
    remedy: meant === undefined ? '' : `Did you mean '${asWritten(path, dirname(source))}#${meant}'?`,
  });
}

function noApp(path: string, exports: Exports, source: string): AppError {
  const names = namesOf(exports);

  return new AppError({
    what: `app in ${source} names ${path}, but that module has neither a default export nor one named app.`,
    why: names.length === 0 ? 'It exports nothing.' : `It exports ${names.join(', ')}.`,
    remedy:
      names.length === 0
        ? 'Export the app (without listening) from it: export default app.'
        : `Export the app as the default, or name its export: '${asWritten(path, dirname(source))}#${names[0]}'.`,
  });
}
