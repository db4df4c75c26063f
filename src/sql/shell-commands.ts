import type { Dialect } from './dialect.js';

/** What becomes of a command of psql or of the sqlite3 shell. */
export type ShellCommand =
  /** It concerns what the shell prints or how it goes on after errors. */
  | { readonly kind: 'ignored' }
  /** `\q`, `.quit`: nothing behind it is run. */
  | { readonly kind: 'end' }
  /** The file is read in its place, by its path from the working directory or from the script. */
  | { readonly kind: 'include'; readonly path: string; readonly from: 'folder' | 'script' }
  | { readonly kind: 'refused'; readonly remedy: string };

const IGNORED: Readonly<Record<Dialect, readonly string[]>> = {
  postgres: [
    // Marks of pg_dump since 17.6, 16.10, 15.14: nobody but psql has anything to be kept from.
    ...['\\restrict', '\\unrestrict'],
    ...['\\echo', '\\qecho', '\\warn', '\\timing', '\\pset', '\\x', '\\t', '\\a', '\\f', '\\H', '\\C', '\\prompt'],
    ...['\\errverbose', '\\conninfo', '\\p', '\\r', '\\unset', '\\g', '\\gx'],
  ],
  sqlite: [
    ...['.bail', '.changes', '.echo', '.explain', '.headers', '.header', '.mode', '.nullvalue', '.output', '.once'],
    ...['.print', '.prompt', '.separator', '.show', '.stats', '.timer', '.trace', '.width', '.eqp', '.log', '.timeout'],
  ],
  mysql: [],
};

/** Settings of psql that say how it runs a script, and not what is in it. */
const RUN_SETTINGS = /^(?:ON_ERROR_STOP|ON_ERROR_ROLLBACK|QUIET|ECHO|ECHO_HIDDEN|VERBOSITY|SHOW_CONTEXT|FETCH_COUNT)\b/;

const REMEDIES: Readonly<Record<string, string>> = {
  '\\connect':
    'The sandbox has one database, and makes it itself: dump without --create (-C), one database at a time (pg_dump, not pg_dumpall).',
  '\\copy':
    'It reads a file beside psql: bring the rows in by INSERT, by COPY … FROM stdin with its data, or by a function.',
  '\\set': 'Variables of psql are not put into statements: write the value, or bring it in by a function.',
  '.import': 'Bring the rows in by INSERT, or by a function.',
  '.open': 'The sandbox has one database: leave it out.',
  '.restore': 'Name that file in database.file: its content is there when the run begins.',
};

const OTHERS: Readonly<Record<Dialect, string>> = {
  postgres: 'Leave it out, dump by pg_dump --inserts, or run psql itself by { command: … }.',
  sqlite: 'Leave it out, or bring in what it does by a function.',
  mysql: 'Leave it out.',
};

/** @param name with its sign, as `readScript` gives it */
export function readCommand(name: string, rest: string, dialect: Dialect): ShellCommand {
  if (IGNORED[dialect].includes(name)) return { kind: 'ignored' };

  switch (name) {
    case '\\q':
    case '.quit':
    case '.exit':
      return { kind: 'end' };
    case '\\i':
    case '\\include':
    case '.read':
      return { kind: 'include', path: unquoted(rest), from: 'folder' };
    case '\\ir':
    case '\\include_relative':
      return { kind: 'include', path: unquoted(rest), from: 'script' };
    case '\\set':
      if (RUN_SETTINGS.test(rest)) return { kind: 'ignored' };
      break;
    case '\\encoding':
      if (/^utf-?8\b/i.test(rest)) return { kind: 'ignored' };
      return { kind: 'refused', remedy: 'Files are read as UTF-8: save it as such.' };
    case '\\c':
      return { kind: 'refused', remedy: REMEDIES['\\connect'] ?? '' };
  }
  return { kind: 'refused', remedy: REMEDIES[name] ?? OTHERS[dialect] };
}

function unquoted(path: string): string {
  return path.trim().replace(/^(['"])(.*)\1$/, '$2');
}
