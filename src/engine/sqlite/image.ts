import { readFileSync, statSync } from 'node:fs';
import { UnsafeDatabaseError } from '../../errors.js';
import { inMemory } from './database-name.js';
import { openNative } from './native.js';

/** What SQLite allows a database in memory by default (SQLITE_MEMDB_DEFAULT_MAXSIZE). */
const LARGEST = 1024 ** 3;
// Bytes 18 and 19 of the header: 1 is a rollback journal, 2 a write-ahead log. https://www.sqlite.org/fileformat2.html
const WRITE_VERSION = 18;
const READ_VERSION = 19;

/** A database file's content, and how it kept its journal. */
export interface Image {
  readonly bytes: Buffer | undefined;
  readonly journalMode: 'memory' | 'delete' | 'wal';
}

/**
 * Reads a database file into memory; an absent or empty one is an empty database. The file is never
 * written, so that test processes side by side neither lock each other nor harm it.
 *
 * @throws UnsafeDatabaseError when the file is too large for an image.
 */
export function readImage(file: string, root: string): Image {
  if (inMemory(file)) return { bytes: undefined, journalMode: 'memory' };

  const size = sizeOf(file);
  if (size === 0) return { bytes: undefined, journalMode: 'delete' };
  if (size > LARGEST) throw tooLarge(file, size);

  const bytes = read(file, root);
  const journalMode = bytes[READ_VERSION] === 2 ? 'wal' : 'delete';
  // A database in memory has no write-ahead log: SQLite would refuse the image.
  bytes[WRITE_VERSION] = 1;
  bytes[READ_VERSION] = 1;
  return { bytes, journalMode };
}

function read(file: string, root: string): Buffer {
  // Without a log, the file holds everything. SQLite, even reading, would put a log beside it.
  const bytes = readFileSync(file);
  if (bytes[READ_VERSION] === 2 && sizeOf(`${file}-wal`) === 0) return bytes;

  const database = openNative(root, file, { readonly: true });
  try {
    // A file that is no database could be serialized only to the error "out of memory".
    database.pragma('schema_version');
    return database.serialize();
  } finally {
    database.close();
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function tooLarge(file: string, size: number): UnsafeDatabaseError {
  return new UnsafeDatabaseError({
    what: `Lockstep does not open "${file}": it has ${(size / LARGEST).toFixed(1)} GiB.`,
    why: 'The file is read into memory so that the tests cannot change it, and SQLite keeps at most 1 GiB there.',
    remedy: 'Give the tests a smaller database: an empty file, with schema and seed in the config.',
  });
}
