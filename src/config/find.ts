import { basename, dirname, extname, join, parse, resolve } from 'node:path';

import { lilconfig, type Loaders } from 'lilconfig';

import { ConfigError } from '../errors.js';
import { type Exports, importModule, typescriptAdvice } from './import-module.js';
import { isFile, suggestFile } from './paths.js';
import { show } from './show.js';

/** The order in which one folder is searched. */
const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json'];

const EXAMPLE = `export default {
    app: './src/app.js',
    // env: the variable that the app takes the URL from
    database: { engine: 'postgres', env: 'DATABASE_URL', schema: './schema.sql' },
    // or: env: the variable that the app takes the path from; swap: the driver that it uses
    // database: { engine: 'sqlite', file: ':memory:', env: 'DATABASE_FILE', swap: ['sqlite3'], schema: './schema.sql' },
  };`;

/** A config file and what it exports, not yet validated. */
export interface FoundConfig {
  /** Absolute path. */
  readonly path: string;
  readonly value: unknown;
}

/** Where to search, for tests and the command line; the process's own by default. */
export interface Search {
  /** The folder to start from. */
  readonly from?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Imports a file by its absolute path; by default as Node does. */
  readonly importConfig?: (path: string) => Promise<Exports>;
}

/**
 * Loads `lockstep.config.*` from the working directory or the nearest folder above it, or the file
 * that the environment variable LOCKSTEP_CONFIG names. A config that is a function is called.
 *
 * @throws ConfigError when there is none, when it exports nothing, or when it is TypeScript and no
 * loader is there. What the config file itself throws arrives unchanged.
 */
export async function findConfig({
  from = process.cwd(),
  env = process.env,
  importConfig = importModule,
}: Search = {}): Promise<FoundConfig> {
  const named = env['LOCKSTEP_CONFIG'];
  const searcher = lilconfig('lockstep', {
    searchPlaces: EXTENSIONS.map((extension) => `lockstep.config${extension}`),
    loaders: loaders((path) => defaultExport(path, importConfig)),
    stopDir: parse(resolve(from)).root,
    cache: false,
    ignoreEmptySearchPlaces: false,
  });

  const found = named ? await searcher.load(namedFile(named, from)) : await searcher.search(from);
  if (found === null) throw nothingFound(from);

  const value = await evaluate(found.config);
  if (value === undefined || value === null) throw exportsNothing(found.filepath);
  return { path: found.filepath, value };
}

function loaders(load: (path: string) => Promise<unknown>): Loaders {
  const modules = EXTENSIONS.filter((extension) => extension !== '.json').map(
    (extension) => [extension, load] as const,
  );
  return { ...Object.fromEntries(modules), '.json': parseJson };
}

async function defaultExport(path: string, importConfig: (path: string) => Promise<Exports>): Promise<unknown> {
  try {
    const module = await importConfig(path);
    if (module.default === undefined && Object.keys(module).length > 0) throw noDefault(path, Object.keys(module));
    return module.default;
  } catch (error) {
    const remedy = typescriptAdvice(error, basename(path));
    if (remedy === undefined) throw error;
    throw new ConfigError({
      what: `${path} cannot be loaded.`,
      why: `Node ${process.versions.node} does not run this TypeScript by itself: ${(error as Error).message}`,
      remedy,
      cause: error,
    });
  }
}

function parseJson(path: string, content: string): unknown {
  try {
    return JSON.parse(content.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new ConfigError({ what: `${path} is not valid JSON.`, why: (error as Error).message, cause: error });
  }
}

async function evaluate(exported: unknown): Promise<unknown> {
  return typeof exported === 'function' ? await (exported as () => unknown)() : await exported;
}

function namedFile(written: string, from: string): string {
  const path = resolve(from, written);

  if (!isFile(path)) {
    throw new ConfigError({
      what: `The environment variable LOCKSTEP_CONFIG is ${show(written)}, but ${path} is not a file.`,
      remedy: suggestFile(path, from),
    });
  }
  if (!EXTENSIONS.includes(extname(path))) {
    throw new ConfigError({
      what: `The environment variable LOCKSTEP_CONFIG names ${path}, whose kind of file is unknown.`,
      why: `A config file ends in ${EXTENSIONS.join(', ')}.`,
    });
  }
  return path;
}

function nothingFound(from: string): ConfigError {
  const folders = [resolve(from)];
  for (let folder = dirname(resolve(from)); folder !== folders.at(-1); folder = dirname(folder)) folders.push(folder);

  return new ConfigError({
    what: 'There is no Lockstep config.',
    why: `Looked for lockstep.config.{${EXTENSIONS.map((extension) => extension.slice(1)).join(',')}} in ${folders.join(', ')}.`,
    remedy: `Write ${join(resolve(from), 'lockstep.config.mjs')}, for example:\n  ${EXAMPLE}\n  Or name a file in the environment variable LOCKSTEP_CONFIG.`,
  });
}

function exportsNothing(path: string): ConfigError {
  return new ConfigError({
    what: `${path} exports nothing.`,
    why:
      extname(path) === '.json'
        ? 'The file is empty.'
        : 'Its default export must be the config, or a function that returns it.',
    remedy: extname(path) === '.json' ? 'Write the config as a JSON object.' : `For example:\n  ${EXAMPLE}`,
  });
}

function noDefault(path: string, names: readonly string[]): ConfigError {
  return new ConfigError({
    what: names.includes('default')
      ? `${path} exports undefined as its default.`
      : `${path} has no default export; it exports ${names.join(', ')}.`,
    remedy: `Export the config as the default, for example:\n  ${EXAMPLE}`,
  });
}
