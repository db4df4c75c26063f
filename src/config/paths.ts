import { readdirSync, statSync, type Stats } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';

import { ConfigError } from '../errors.js';
import { nearest } from './nearest.js';
import { show } from './show.js';

/** A path of the config, with what messages need to name it. */
export interface NamedPath {
  /** The full key, e.g. `database.schema`. */
  readonly key: string;
  /** As written. */
  readonly written: string;
  /** The config file. */
  readonly source: string;
  /** What follows the path where it is written, e.g. `#createApp`. */
  readonly suffix?: string;
}

/** A path as a user writes it: relative to a folder, with `./` and forward slashes. */
export function asWritten(path: string, folder: string): string {
  const written = relative(folder, path).replaceAll('\\', '/');

  // A path on another drive has no relative form.
  return written.startsWith('../') || isAbsolute(written) ? written : `./${written}`;
}

export function isFile(path: string): boolean {
  return stat(path)?.isFile() ?? false;
}

export function isFolder(path: string): boolean {
  return stat(path)?.isDirectory() ?? false;
}

/**
 * The absolute path of a file that must be there.
 *
 * @throws ConfigError naming the absolute path, and the file beside it that is named alike as it would be written.
 */
export function existingFile({ key, written, source, suffix = '' }: NamedPath): string {
  const path = resolve(dirname(source), written);
  const found = stat(path);
  if (found?.isFile()) return path;

  throw new ConfigError({
    what: `${key} in ${source} is ${show(written + suffix)}, but ${path} ${found ? 'is not a file' : 'does not exist'}.`,
    why: 'Paths are counted from the folder of the config file.',
    remedy: suggestFile(path, dirname(source), suffix),
  });
}

/** A sentence about what may have been meant by a path where no file is; it is written from `base`. */
export function suggestFile(path: string, base: string, suffix = ''): string {
  const folder = dirname(path);
  const names = list(folder);
  if (names === undefined) return `The folder ${folder} does not exist.`;

  // app.js for app.ts is the likeliest slip, and the letters alone would not put it first.
  const stem = basename(path, extname(path));
  const similar = names.find((name) => basename(name, extname(name)) === stem) ?? nearest(basename(path), names);
  if (similar === undefined) return 'No file beside it has a similar name.';
  return `Did you mean ${show(asWritten(join(folder, similar), base) + suffix)}?`;
}

function stat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // A name that is too long, or a folder that may not be read: for the config no such file.
    return undefined;
  }
}

/** The names of the files in a folder; undefined when there is no such folder. */
function list(folder: string): string[] | undefined {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return undefined;
  }
}
