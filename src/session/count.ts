import type { SyncConnection } from '../engine/engine.js';
import { SessionUsageError } from '../errors.js';
import { shortSql } from '../sandbox/short-sql.js';
import type { Where } from './session.js';
import { Name, Query, sql } from './sql.js';
import { isPlain, show } from './values.js';

/** Counts a table's rows. */
export function countRows(connection: SyncConnection, table: string, where: Where | Query | undefined): number {
  const from = sql`select count(*) as n from ${new Name([table])}`;
  const condition = where === undefined ? undefined : readWhere(table, where, connection.storesObjects === true);
  const { text, values } = (condition === undefined ? from : sql`${from} where ${condition}`).bind(connection);

  const [row] = connection.execute(text, values).rows;
  if (row === undefined) throw noRow(text);
  // A driver may be set to return whole numbers as bigint or, for Postgres, as text.
  return Number(row['n']);
}

/** A count always has a row: an answer without one is not the answer to it. */
function noRow(sql: string): SessionUsageError {
  return new SessionUsageError({
    what: `"${shortSql(sql)}" returned no row, and it always returns one.`,
    why: 'A rule of the database may rewrite the query, or the answer is not that of this statement.',
    remedy: 'Run it with session.all() to see what comes; if nothing explains it, please report this.',
  });
}

function readWhere(table: string, where: unknown, json: boolean): Query | undefined {
  if (where instanceof Query) return where;
  if (!isPlain(where)) {
    throw new SessionUsageError({
      what: `session.count('${table}') was given ${show(where)} as its condition.`,
      why: 'A condition is an object of column names and values, or a query of the sql tag.',
      remedy: typeof where === 'string' ? 'Write sql`…` with backticks.' : '',
    });
  }

  return Object.entries(where)
    .map(([column, value]) => equality(table, column, value, json))
    .reduce<Query | undefined>((all, one) => (all === undefined ? one : sql`${all} and ${one}`), undefined);
}

/** @param json whether the database stores objects */
function equality(table: string, column: string, value: unknown, json: boolean): Query {
  const name = new Name([column]);

  if (value === null) return sql`${name} is null`;
  if (value === undefined) {
    throw new SessionUsageError({
      what: `The condition ${table}.${column} is undefined.`,
      remedy: 'Write null for IS NULL; leave the key out for no condition.',
    });
  }
  // json has no equality of its own, and jsonb does not care for the order of keys.
  if (json && isPlain(value)) return sql`${name}::jsonb = ${value}::jsonb`;
  if (!Array.isArray(value)) return sql`${name} = ${value}`;

  if (value.includes(null)) {
    throw new SessionUsageError({
      what: `The condition ${table}.${column} is a list with null in it.`,
      why: 'IN never finds NULL.',
      remedy: `Write sql\`${column} in \${list} or ${column} is null\`.`,
    });
  }
  return sql`${name} in ${value}`;
}
