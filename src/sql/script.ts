import type { Dialect } from './dialect.js';
import { readToken } from './lexer.js';
import { Body } from './split.js';

/** A piece of a script as psql and the sqlite3 shell run it. Lines are counted from 1. */
export type ScriptStep =
  | { readonly kind: 'statement'; readonly sql: string; readonly line: number }
  /** `COPY … FROM stdin`, and the lines that follow it up to `\.`; `dataLine` is that of the first. */
  | {
      readonly kind: 'copy';
      readonly sql: string;
      readonly line: number;
      readonly data: string;
      readonly dataLine: number;
    }
  /** A command of the shell, `\name rest` of psql or `.name rest` of sqlite3, with its sign. */
  | { readonly kind: 'command'; readonly name: string; readonly rest: string; readonly line: number };

const COPY_FROM_STDIN = /^COPY\b[\s\S]*\bFROM\s+STDIN\b/i;

/**
 * The steps of a script that was written for the database's own shell: what `pg_dump`, `.dump`, migration
 * tools and people write. Statements are without the comments before them and without their semicolon.
 */
export function readScript(text: string, dialect: Dialect): ScriptStep[] {
  const steps: ScriptStep[] = [];
  const lineAt = lineCounter(text);
  let begun: number | undefined;
  let body = new Body(dialect);

  const finish = (end: number): string | undefined => {
    const sql = begun === undefined ? undefined : text.slice(begun, end).trim();
    const line = lineAt(begun ?? 0);
    begun = undefined;
    body = new Body(dialect);
    if (sql === undefined || sql === '') return undefined;
    steps.push({ kind: 'statement', sql, line });
    return sql;
  };

  for (let token = readToken(text, 0, dialect); token !== undefined;) {
    let { end } = token;

    if (isCommand(text, token.start, dialect, begun !== undefined)) {
      end = endOfLine(text, token.start);
      const [, name = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text.slice(token.start, end).trim()) ?? [];
      // It sends what stands before it.
      if (/^\\g(?:$|x$|\W)/.test(name)) finish(token.start);
      steps.push({ kind: 'command', name, rest, line: lineAt(token.start) });
    } else if (token.kind === 'semicolon' && !body.holds) {
      const sql = finish(token.start);
      if (dialect === 'postgres' && sql !== undefined && COPY_FROM_STDIN.test(sql)) {
        const from = Math.min(endOfLine(text, end) + 1, text.length);
        const data = dataAt(text, from);
        const { line } = steps.pop() as ScriptStep;
        steps.push({ kind: 'copy', sql, line, data: data.text, dataLine: lineAt(from) });
        ({ end } = data);
      }
    } else if (token.kind !== 'space' && token.kind !== 'comment') {
      begun ??= token.start;
      body.read(text, token);
    }
    token = readToken(text, end, dialect);
  }

  finish(text.length);
  return steps;
}

/** psql takes a backslash outside of quotes for the sign of a command, sqlite3 a point at the beginning of a line. */
function isCommand(text: string, start: number, dialect: Dialect, amid: boolean): boolean {
  const sign = text[start];

  if (dialect === 'postgres') return sign === '\\';
  if (dialect !== 'sqlite' || sign !== '.' || amid) return false;
  return start === 0 || text[start - 1] === '\n';
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

/** The lines from `start` on up to the one that ends them, and where what follows begins. */
function dataAt(text: string, start: number): { text: string; end: number } {
  const rest = text.slice(start);
  const mark = /^\\\.[ \t]*\r?$/m.exec(rest);

  if (mark === null) return { text: rest, end: text.length };
  return { text: rest.slice(0, mark.index), end: endOfLine(text, start + mark.index) };
}

/** Tells lines of places that come in order. */
function lineCounter(text: string): (place: number) => number {
  let line = 1;
  let counted = 0;

  return (place) => {
    if (place < counted) [line, counted] = [1, 0];
    for (let next = text.indexOf('\n', counted); next >= 0 && next < place; next = text.indexOf('\n', counted)) {
      line += 1;
      counted = next + 1;
    }
    return line;
  };
}
