import { isDate } from 'node:util/types';
import { inspect, isDeepStrictEqual } from 'node:util';
import type { Row } from '../engine/engine.js';
import { sql, type Query, type Session, type Where } from '../session/index.js';

/** Rows that are looked at, and rows that are shown. */
const READ = 1000;
const SHOWN = 3;

/** A row, and in how many of the wanted columns it agrees. */
interface Candidate {
  readonly row: Row;
  readonly differing: readonly string[];
}

/** The rows of a table that come nearest to what was wanted, as lines of a message. */
export function nearestRows(session: Session, table: string, where: Where | Query | undefined): string {
  const rows = session.all(sql`select * from ${sql.id(table)} limit ${READ}`);
  if (rows.length === 0) return '\n  The table is empty.';

  const wanted = where !== undefined && isWhere(where) ? where : {};
  const candidates = rows
    .map((row): Candidate => ({ row, differing: Object.keys(wanted).filter((key) => !agrees(wanted[key], row[key])) }))
    .sort((a, b) => a.differing.length - b.differing.length);

  const lines = candidates.slice(0, SHOWN).map(({ row, differing }) => {
    const note = differing.length === 0 ? '' : `   differs in ${differing.join(', ')}`;
    return `\n    ${inspect(row, { breakLength: Infinity, maxStringLength: 100 })}${note}`;
  });
  const more = rows.length > SHOWN ? ` of ${rows.length === READ ? `${READ} or more` : rows.length}` : '';
  return `\n  ${Object.keys(wanted).length > 0 ? 'Nearest rows' : 'Rows'} (${lines.length}${more}):${lines.join('')}`;
}

/** Equalities, as opposed to a query of the `sql` tag. */
export function isWhere(where: Where | Query): where is Where {
  const prototype: unknown = Object.getPrototypeOf(where);
  return prototype === null || prototype === Object.prototype;
}

function agrees(wanted: unknown, got: unknown): boolean {
  if (Array.isArray(wanted)) return wanted.some((each) => agrees(each, got));
  if (wanted === null || got === null) return wanted === got;
  if (typeof wanted === 'object' && !isDate(wanted)) return isDeepStrictEqual(wanted, got);
  // A driver may return what was stored as another type: 1 for true, '10' for 10n.
  return plain(wanted) === plain(got);
}

function plain(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return isDate(value) ? value.toISOString() : inspect(value).replace(/^'(.*)'$|^(\d+)n$/s, '$1$2');
}
