import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ResolvedDatabase } from '../../config/index.js';
import { SetupError } from '../../errors.js';
import type { Session } from '../../session/index.js';
import { copyAsInserts } from '../../sql/copy-rows.js';
import { wayUp } from '../../sql/migration-part.js';
import { readScript, type ScriptStep } from '../../sql/script.js';
import { readCommand } from '../../sql/shell-commands.js';

type Engine = ResolvedDatabase['engine'];

/** What the steps of one script run with. */
interface Place {
  /** The key of the config that names the script. */
  readonly key: string;
  readonly engine: Engine;
  readonly session: Session;
  /** Files that include each other, the innermost last. */
  readonly files: readonly string[];
}

/** What a script has changed of its connection ends with it, as it does where each script has a connection of its own. */
const RESTORE: Readonly<Record<Engine, readonly string[]>> = {
  postgres: ['RESET SESSION AUTHORIZATION', 'RESET ROLE', 'RESET ALL'],
  sqlite: ['PRAGMA writable_schema = RESET'],
};

/**
 * Runs a file of SQL as the database's own shell would: statement by statement, with the data of COPY,
 * and without what concerns the shell alone.
 *
 * @throws SetupError naming the line of what only the shell can do. An error of the database stays what it
 * is, and has file and line in its stack.
 */
export function runFile(path: string, key: string, engine: Engine, session: Session): void {
  run({ key, engine, session, files: [path] });
  for (const statement of RESTORE[engine]) session.exec(statement);
}

/** Whether the shell was told to stop. */
type Outcome = 'done' | 'ended';

function run(place: Place): Outcome {
  const steps = readScript(wayUp(readFile(place)), place.engine);

  // Nothing is run of a script that cannot be run to its end: it may make what only its next line would use.
  for (const step of steps) if (step.kind === 'command') refuseImpossible(step, place);
  for (const step of steps) {
    if (step.kind === 'command') {
      if (runCommand(step, place) === 'ended') return 'ended';
    } else if (step.kind === 'copy') runCopy(step, place);
    else if (!isSystems(step.sql)) runStatement(step.sql, step.line, place);
  }
  return 'done';
}

function readFile(place: Place): string {
  const text = readFileSync(fileOf(place), 'utf8');
  // Editors on Windows put a byte order mark in front, which psql skips too.
  if (!text.includes('\u0000')) return text.replace(/^\uFEFF/, '');

  throw new SetupError({
    what: `${place.key}: ${fileOf(place)} is no text.`,
    why: 'It has bytes that no text in UTF-8 has: a dump in the custom or tar format of pg_dump, a database file, or text in UTF-16.',
    remedy: 'Dump as plain SQL (pg_dump --format=plain, sqlite3 file .dump), and save it as UTF-8.',
  });
}

function runStatement(sql: string, line: number, place: Place): void {
  try {
    place.session.exec(sql);
  } catch (error) {
    if (isOfOtherVersion(error, sql)) return;
    if (error instanceof Error) showPlace(error, placeIn(error, sql, line), place);
    throw error;
  }
}

type Copy = Extract<ScriptStep, { kind: 'copy' }>;

function runCopy({ sql, line, data, dataLine }: Copy, place: Place): void {
  let statements: ReturnType<typeof copyAsInserts>;
  try {
    statements = copyAsInserts(sql, data);
  } catch (cause) {
    throw refused(line, place, {
      why: `The data of this COPY cannot be brought in: ${cause instanceof Error ? cause.message : String(cause)}.`,
      remedy: 'Write it as text or CSV, or as INSERT (pg_dump --inserts).',
    });
  }

  for (const { sql: insert, line: offset, rows } of statements) {
    try {
      place.session.exec(insert);
    } catch (error) {
      if (error instanceof Error) {
        const found = failing(rows(), error, place) ?? offset;
        showPlace(error, { line: dataLine + found, column: 1 }, place);
      }
      throw error;
    }
  }
}

/** Which of the rows that were refused together is refused by itself as well; the run ends with it either way. */
function failing(rows: readonly { sql: string; line: number }[], error: Error, place: Place): number | undefined {
  for (const { sql, line } of rows) {
    try {
      place.session.exec(sql);
    } catch (alone) {
      return (alone as Error).message === error.message ? line : undefined;
    }
  }
  return undefined;
}

type Command = Extract<ScriptStep, { kind: 'command' }>;

function runCommand({ name, rest, line }: Command, place: Place): Outcome {
  const command = readCommand(name, rest, place.engine);

  switch (command.kind) {
    case 'ignored':
      return 'done';
    case 'end':
      return 'ended';
    case 'include':
      run({ ...place, files: [...place.files, included(command.path, command.from, line, place)] });
      return 'done';
    case 'refused':
      // Found before.
      return 'done';
  }
}

function refuseImpossible({ name, rest, line }: Command, place: Place): void {
  const command = readCommand(name, rest, place.engine);
  if (command.kind !== 'refused') return;

  const shell = place.engine === 'postgres' ? 'psql' : "sqlite3's shell";
  throw refused(line, place, {
    why: `${name} is a command of ${shell}, not SQL: no database understands it.`,
    remedy: command.remedy,
  });
}

function included(path: string, from: 'folder' | 'script', line: number, place: Place): string {
  const folder = from === 'script' ? dirname(fileOf(place)) : process.cwd();
  const file = resolve(folder, path);

  if (place.files.includes(file)) throw refused(line, place, { why: `It includes ${path}, which includes this file.` });
  try {
    readFileSync(file);
  } catch (cause) {
    throw refused(line, place, { why: `It includes ${file}, which cannot be read: ${String(cause)}.` });
  }
  return file;
}

function refused(line: number, place: Place, { why, remedy = '' }: { why: string; remedy?: string }): SetupError {
  return new SetupError({ what: `${place.key}: line ${line} of ${fileOf(place)} cannot be run.`, why, remedy });
}

function fileOf({ files }: Place): string {
  return files.at(-1) ?? '';
}

/** What `.schema` prints of the tables that SQLite makes by itself. */
function isSystems(sql: string): boolean {
  return /^CREATE TABLE (?:IF NOT EXISTS )?['"]?sqlite_(?:sequence|stat\d)['"]?\s*\(/i.test(sql);
}

/**
 * Whether a statement can be left out as psql goes on behind it: a setting that a newer pg_dump writes and
 * this server does not know, and the schema that every database has.
 */
function isOfOtherVersion(error: unknown, sql: string): boolean {
  const { code } = error as { readonly code?: unknown };

  return (
    (code === '42704' && /^SET\s+(?!ROLE\b|SESSION\b)\w+\s*(?:=|TO\b)/i.test(sql)) ||
    (code === '42P06' && /^CREATE SCHEMA "?public"?$/i.test(sql))
  );
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Where in the file an error points to: Postgres tells the character of the statement, SQLite a word of it,
 * which says as much where it stands there once.
 */
function placeIn(error: Error, sql: string, line: number): Position {
  const { position } = error as { readonly position?: unknown };
  const word = /^near "(.+)": syntax error$/s.exec(error.message)?.[1];
  const found = word === undefined || sql.split(word).length !== 2 ? -1 : sql.indexOf(word);
  const characters = found < 0 ? Number(position) - 1 : found;
  if (!(characters >= 0)) return { line, column: 1 };

  const text = found < 0 ? [...sql].slice(0, characters).join('') : sql.slice(0, characters);
  const before = text.split('\n');
  return { line: line + before.length - 1, column: (before.at(-1) ?? '').length + 1 };
}

/** The database's own error knows neither file nor key: they are put in its stack, as if the file had called. */
function showPlace(error: Error, { line, column }: Position, place: Place): void {
  const { stack = '' } = error;
  const at = stack.indexOf('\n    at ');
  const end = at < 0 ? stack.length : at;
  const including = place.files.slice(0, -1).map((file) => `\n    at ${place.key}, included by (${file})`);

  error.stack = `${stack.slice(0, end)}\n    at ${place.key} (${fileOf(place)}:${line}:${column})${including.join('')}${stack.slice(end)}`;
}
