import type { StatementRecord } from './record.js';
import type { Repeat } from './repeats.js';
import type { Entry } from './scope-queries.js';

/** Characters of a statement that a line shows. */
const SHOWN = 300;

type Shown = Pick<StatementRecord, 'sql' | 'connection' | 'duration' | 'rows'> &
  Partial<Pick<StatementRecord, 'transaction' | 'error'>>;

/** A line for people to read: SQL, connection, transaction, time, and what came of it. */
export function statementLine({ sql, connection, transaction, duration, rows, error }: Shown): string {
  const inside = transaction === undefined ? '' : `, transaction ${transaction}`;
  const outcome = error === undefined ? `${rows} ${rows === 1 ? 'row' : 'rows'}` : failureText(error);

  return `${short(sql)}  (${connection}${inside}, ${duration.toFixed(1)} ms, ${outcome})`;
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

/** One line, cut where it gets long. */
function short(sql: string): string {
  const line = sql.replace(/\s+/g, ' ').trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN - 3)}...` : line;
}

function failureText({ code, message }: NonNullable<StatementRecord['error']>): string {
  return `failed${code === undefined ? '' : ` with ${code}`}: ${message.split('\n', 1)[0] ?? ''}`;
}
