import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UnsafeDatabaseError } from '../../errors.js';

export const MEMORY = ':memory:';

/**
 * One name for all the ways to write a database: `:memory:`, a name in memory that is shared
 * (`file:cache?mode=memory&cache=shared`), or the absolute path without symbolic links. Relative paths count from the working directory; SQLite's `file:` names are understood.
 */
export function canonicalName(file: string): string {
  const name = file.trim();
  if (name === '' || name === MEMORY) return name;
  if (name.startsWith('file:')) return fromUri(name);

  return realPath(resolve(name));
}

/** To SQLite it is one database for all who use the name, and another one than `:memory:`. */
function sharedName(name: string): string {
  return `file:${name}?mode=memory&cache=shared`;
}

/** Whether a database of that name, or canonical name, is in memory. */
export function inMemory(file: string): boolean {
  const name = file.startsWith(MEMORY) ? MEMORY : canonicalName(file);
  return name === MEMORY || isSharedMemory(name);
}

/** Whether a canonical name is that of a database in memory with a name of its own. */
export function isSharedMemory(name: string): boolean {
  return name.startsWith('file:');
}

/** Whether `:memory:`, as it is written here, is one database for all who write so. */
export function sharesMemory(file: string): boolean {
  return file.trim().startsWith('file:') && file.includes('cache=shared');
}

/** SQLite's URI names, see https://www.sqlite.org/uri.html: `file:data.db?mode=ro`, `file:///data.db`. */
function fromUri(uri: string): string {
  const [name = '', query = ''] = uri.slice('file:'.length).split('#', 1)[0]?.split('?', 2) ?? [];
  const parameters = new URLSearchParams(query);
  if (name === MEMORY) return MEMORY;
  if (parameters.get('mode') === 'memory') return parameters.get('cache') === 'shared' ? sharedName(name) : MEMORY;
  if (name.startsWith('//')) return realPath(fileURLToPath(`file:${name}`));

  return realPath(resolve(decodeURIComponent(name)));
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    // The file may be yet to come; its folder may not.
    const folder = dirname(path);
    return folder === path ? path : join(realPath(folder), basename(path));
  }
}

/** @throws UnsafeDatabaseError when the file is not named like a test database. */
export function refuseUnsafe(file: string, allowAnyDatabase: boolean): void {
  if (allowAnyDatabase || inMemory(file) || basename(file).toLowerCase().includes('test')) return;

  throw new UnsafeDatabaseError({
    what: `Lockstep does not open "${file}": its name does not contain "test".`,
    why: 'Tests should not begin with the data of a database that somebody works with.',
    remedy:
      'Name a test database in the config (database.file), or set database.allowAnyDatabase: true. ' +
      'The file itself is only read, never written.',
  });
}
