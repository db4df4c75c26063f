import { type Token, tokenize } from './lexer.js';

/** How the lines behind `COPY … FROM stdin` are written (Postgres manual, "COPY"). */
interface Format {
  readonly csv: boolean;
  readonly delimiter: string;
  readonly nothing: string;
  readonly quote: string;
  readonly escape: string;
  readonly header: boolean;
}

/** A statement that brings in some of the rows; lines are counted from the first of the data, which is 0. */
export interface RowsStatement {
  readonly sql: string;
  readonly line: number;
  /** The same row by row, for whoever looks for the one that fails. */
  readonly rows: () => readonly { readonly sql: string; readonly line: number }[];
}

/** Rows, and characters, of one statement. */
const ROWS = 500;
const CHARACTERS = 200_000;

/**
 * `COPY … FROM stdin` and its data as INSERT statements, which bring in the same rows: their literals have no
 * type of their own, so that the columns' types read them as COPY does, and keys that the database would
 * make itself are taken from the data.
 *
 * @throws Error that says what of the statement cannot be written in that way.
 */
export function copyAsInserts(copy: string, data: string): RowsStatement[] {
  const { target, format } = readCopy(copy);
  const rows = format.csv ? csvRows(data, format) : textRows(data, format);
  const statements: RowsStatement[] = [];
  const insert = (values: readonly string[]): string =>
    `INSERT INTO ${target} OVERRIDING SYSTEM VALUE VALUES\n${values.join(',\n')}`;
  let batch: { values: string; line: number }[] = [];
  let length = 0;

  const finish = (): void => {
    const [first] = batch;
    if (first === undefined) return;

    const rows = batch;
    statements.push({
      sql: insert(rows.map(({ values }) => values)),
      line: first.line,
      rows: () => rows.map(({ values, line }) => ({ sql: insert([values]), line })),
    });
    batch = [];
    length = 0;
  };

  for (const { fields, line } of rows) {
    const values = `(${fields.map(literal).join(', ')})`;
    batch.push({ values, line });
    length += values.length;
    if (batch.length >= ROWS || length >= CHARACTERS) finish();
  }
  finish();
  return statements;
}

interface Row {
  readonly fields: readonly (string | null)[];
  readonly line: number;
}

function literal(value: string | null): string {
  if (value === null) return 'NULL';
  const quoted = value.replaceAll("'", "''");
  return value.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}

function readCopy(copy: string): { target: string; format: Format } {
  const tokens = tokenize(copy, 'postgres').filter(({ kind }) => kind !== 'space' && kind !== 'comment');
  const wordAt = (index: number): string => {
    const token = tokens[index];
    return token?.kind === 'word' ? copy.slice(token.start, token.end).toUpperCase() : '';
  };
  const from = tokens.findIndex((_, index) => wordAt(index) === 'FROM' && wordAt(index + 1) === 'STDIN');
  const [first, last] = [tokens[1], tokens[from - 1]];
  if (first === undefined || last === undefined) throw new Error('its table is not to be found');

  return { target: copy.slice(first.start, last.end), format: readFormat(optionsOf(copy, tokens.slice(from + 2))) };
}

/** The options behind STDIN by name, in the form with parentheses and in that of before Postgres 9. */
function optionsOf(copy: string, tokens: readonly Token[]): Map<string, string> {
  const options = new Map<string, string>();
  const texts = tokens.map((token) => ({ kind: token.kind, text: copy.slice(token.start, token.end) }));
  let name: string | undefined;

  for (const { kind, text } of texts) {
    const word = text.toUpperCase();
    if (kind === 'symbol') {
      name = undefined;
    } else if (kind === 'word' && (word === 'WITH' || word === 'AS')) {
      continue;
    } else if (kind === 'word' && (name === undefined || NAMES.has(word))) {
      name = word;
      options.set(name, '');
    } else if (name !== undefined) {
      options.set(name, kind === 'string' ? unquoted(text) : text);
    }
  }
  return options;
}

const NAMES: ReadonlySet<string> = new Set([
  ...['FORMAT', 'CSV', 'BINARY', 'DELIMITER', 'DELIMITERS', 'NULL', 'HEADER', 'QUOTE', 'ESCAPE', 'ENCODING', 'FREEZE'],
  ...['FORCE', 'FORCE_NOT_NULL', 'FORCE_NULL', 'FORCE_QUOTE', 'DEFAULT', 'ON_ERROR', 'LOG_VERBOSITY', 'OIDS', 'WHERE'],
]);

/** Those that change nothing here. */
const IDLE: ReadonlySet<string> = new Set(['FREEZE', 'ENCODING', 'LOG_VERBOSITY']);
const READ: ReadonlySet<string> = new Set([
  ...['FORMAT', 'CSV', 'DELIMITER', 'DELIMITERS', 'NULL', 'HEADER', 'QUOTE', 'ESCAPE'],
]);

function readFormat(options: ReadonlyMap<string, string>): Format {
  const strange = [...options.keys()].find((name) => !READ.has(name) && !IDLE.has(name));
  const named = options.get('FORMAT')?.toLowerCase() ?? (options.has('CSV') ? 'csv' : 'text');
  if (strange !== undefined) throw new Error(`its option ${strange} is not known here`);
  if (named !== 'csv' && named !== 'text') throw new Error(`its format is ${named}`);

  const csv = named === 'csv';
  const quote = options.get('QUOTE') ?? '"';
  return {
    csv,
    delimiter: options.get('DELIMITER') ?? options.get('DELIMITERS') ?? (csv ? ',' : '\t'),
    nothing: options.get('NULL') ?? (csv ? '' : '\\N'),
    quote,
    escape: options.get('ESCAPE') ?? quote,
    header: options.has('HEADER') && !/^(?:false|off|0)$/i.test(options.get('HEADER') ?? ''),
  };
}

function unquoted(text: string): string {
  const escaped = /^e'/i.test(text);
  const inner = text.slice(escaped ? 2 : 1, -1).replaceAll("''", "'");
  return escaped ? inner.replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter) : inner;
}

function textRows(data: string, { delimiter, nothing, header }: Format): Row[] {
  const lines = linesOf(data).map((text, line) => ({ text, line }));

  return lines.slice(header ? 1 : 0).map(({ text, line }) => ({
    line,
    fields: fieldsOf(text, delimiter).map((field) => (field === nothing ? null : unescaped(field))),
  }));
}

function linesOf(data: string): string[] {
  const lines = data.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Cut at each delimiter that no backslash stands before. */
function fieldsOf(line: string, delimiter: string): string[] {
  if (!line.includes('\\')) return line.split(delimiter);

  const fields: string[] = [];
  let start = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '\\') at += 1;
    else if (line[at] === delimiter) {
      fields.push(line.slice(start, at));
      start = at + 1;
    }
  }
  return [...fields, line.slice(start)];
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function unescaped(field: string): string {
  if (!field.includes('\\')) return field;

  return field.replace(/\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|[\s\S])/g, (_, code: string) => {
    if (/^x./.test(code)) return String.fromCharCode(parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(parseInt(code, 8));
    return ESCAPES[code] ?? code;
  });
}

/** Quoted fields may hold delimiters and line breaks; one that is quoted is never null. */
function csvRows(data: string, { delimiter, nothing, quote, escape, header }: Format): Row[] {
  const rows: Row[] = [];
  let fields: (string | null)[] = [];
  let text = '';
  let wasQuoted = false;
  let inside = false;
  let line = 0;
  let first = 0;

  const endField = (): void => {
    fields.push(!wasQuoted && text === nothing ? null : text);
    text = '';
    wasQuoted = false;
  };
  const endRow = (): void => {
    endField();
    rows.push({ fields, line: first });
    fields = [];
  };

  for (let at = 0; at < data.length; at++) {
    const char = data.charAt(at);
    if (char === '\n') line += 1;

    if (inside) {
      const next = data.charAt(at + 1);
      if (char === escape && (next === quote || (next === escape && escape !== quote))) {
        text += next;
        at += 1;
      } else if (char === quote) inside = false;
      else text += char;
    } else if (char === quote) {
      inside = true;
      wasQuoted = true;
    } else if (char === delimiter) {
      endField();
    } else if (char === '\n') {
      endRow();
      first = line;
    } else if (char !== '\r' || data.charAt(at + 1) !== '\n') text += char;
  }
  if (text !== '' || fields.length > 0 || wasQuoted) endRow();
  return rows.slice(header ? 1 : 0);
}
