import type { StatementRecord } from './record.js';
import type { Repeat } from './repeats.js';
import type { Entry } from './scope-queries.js';

/** Characters of a statement that a line shows. */
const SHOWN = 300;

type Shown = Pick<StatementRecord, 'sql' | 'connection' | 'duration' | 'rows'> &
  Partial<Pick<StatementRecord, 'transaction' | 'error'>>;

/** A line for people to read: SQL, connection, transaction, time, and what came of it. */
export function statementLine(record: Shown): string {
  return `${short(record.sql)}  (${detailsOf(record, outcomeOf(record))})`;
}

/**
 * The same in lines of at most `width` characters: the SQL is cut, and an error's message that has no
 * room beside it stands below it.
 *
 * @param said messages that the reader is shown anyway
 */
export function statementLines(record: Shown, width: number, said: readonly string[]): string[] {
  const { sql, error } = record;
  if (error === undefined) return [fitted(sql, detailsOf(record, outcomeOf(record)), width)];

  const code = error.code === undefined ? 'failed' : `failed with ${error.code}`;
  const message = error.message.split('\n', 1)[0] ?? '';
  const fits = (details: string): boolean => Math.min(oneLine(sql).length, LEGIBLE) + details.length + 4 <= width;
  const [short, whole] = [detailsOf(record, code), detailsOf(record, `${code}: ${message}`)];
  if (said.some((text) => text.includes(message)))
    return [fitted(sql, fits(short) ? short : detailsOf(record, 'failed'), width)];
  if (fits(whole)) return [fitted(sql, whole, width)];
  const prefix = error.code === undefined ? '' : `${error.code}: `;
  return [fitted(sql, detailsOf(record, 'failed'), width), `  ${cut(prefix + message, width - 2)}`];
}

/** Characters of a statement by which it can be told from others. */
const LEGIBLE = 40;

function fitted(sql: string, details: string, width: number): string {
  // Where there is no room for both, the statement says more than where and how long it ran.
  const room = Math.max(width - details.length - 4, Math.min(LEGIBLE, width));
  return cut(`${cut(oneLine(sql), room)}  (${details})`, width);
}

function detailsOf({ connection, transaction, duration }: Shown, outcome: string): string {
  const inside = transaction === undefined ? '' : `, transaction ${transaction}`;
  return `${connection}${inside}, ${duration.toFixed(1)} ms, ${outcome}`;
}

function outcomeOf({ rows, error }: Shown): string {
  return error === undefined ? `${rows} ${rows === 1 ? 'row' : 'rows'}` : failureText(error);
}

/** Shapes with how often each was sent, the most frequent first. */
export function shapeLines(entries: readonly Entry[]): string[] {
  const counts = new Map<string, number>();
  for (const { shape } of entries) counts.set(shape, (counts.get(shape) ?? 0) + 1);

  return [...counts].sort(([, a], [, b]) => b - a).map(([shape, count]) => `${count}x  ${short(shape)}`);
}

/** What looks like N+1. */
export function repeatLine({ request, shape, count }: Repeat): string {
  return `${request} sent one statement ${count} times, which looks like N+1: ${short(shape)}`;
}

/** The same in lines of at most `width` characters. */
export function repeatLines(repeat: Repeat, width: number): string[] {
  const line = repeatLine(repeat);
  if (line.length <= width) return [line];

  const shape = short(repeat.shape);
  return [cut(line.slice(0, -shape.length - 1), width), `  ${cut(shape, width - 2)}`];
}

/** One line, cut where it gets long. */
function short(sql: string): string {
  return cut(oneLine(sql), SHOWN);
}

function oneLine(sql: string): string {
  return sql.replace(/\s+/g, ' ').trim();
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(width - 3, 0))}...` : text;
}

function failureText({ code, message }: NonNullable<StatementRecord['error']>): string {
  return `failed${code === undefined ? '' : ` with ${code}`}: ${message.split('\n', 1)[0] ?? ''}`;
}
