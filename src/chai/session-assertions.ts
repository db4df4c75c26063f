import { inspect } from 'node:util';
import { SessionUsageError } from '../errors.js';
import { describe } from '../http/request/describe.js';
import type { Query, Where } from '../session/index.js';
import { isWhere, nearestRows } from './nearest-rows.js';
import type { ChaiCopy, Expectation } from './plugin.js';
import { sessionIn } from './subject.js';

/** `.row` and `.count`. */
export function addSessionAssertions({ Assertion }: ChaiCopy): void {
  Assertion.addMethod('row', function (this: Expectation, table: string, where?: Where | Query) {
    const session = sessionIn('row', this._obj);
    const rows = session.count(table, where);
    const what = `a row in ${table}${condition(where)}`;

    this.assert(
      rows > 0,
      () => `expected ${what}, found none${nearestRows(session, table, where)}`,
      () => `expected no ${what.slice(2)}, found ${rows}${nearestRows(session, table, where)}`,
    );
  });

  Assertion.addMethod('count', function (this: Expectation, table: string, ...rest: readonly unknown[]) {
    const session = sessionIn('count', this._obj);
    const wanted: unknown = rest.at(-1);
    const where = rest.length > 1 ? (rest[0] as Where | Query) : undefined;
    if (typeof wanted !== 'number' || !Number.isInteger(wanted) || wanted < 0) throw noNumber(table, wanted);

    const got = session.count(table, where);
    this.assert(
      got === wanted,
      () => `expected ${rowsOf(wanted, table, where)}, found ${got}${nearestRows(session, table, where)}`,
      () => `expected a number of rows in ${table}${condition(where)} other than ${wanted}`,
      wanted,
      got,
    );
  });
}

function rowsOf(count: number, table: string, where: Where | Query | undefined): string {
  return `${count} ${count === 1 ? 'row' : 'rows'} in ${table}${condition(where)}`;
}

function condition(where: Where | Query | undefined): string {
  if (where === undefined) return '';
  return isWhere(where) ? ` with ${inspect(where, { breakLength: Infinity })}` : ' that meets the condition';
}

function noNumber(table: string, wanted: unknown): SessionUsageError {
  return new SessionUsageError({
    what: `expect(session).to.have.count('${table}', …) was given ${describe(wanted)} as the number of rows.`,
    remedy: `Write .count('${table}', 2), or .count('${table}', { name: 'Erste' }, 2).`,
  });
}
