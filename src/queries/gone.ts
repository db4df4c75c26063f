import { tablesOf } from '../sql/tables.js';
import { runnerWords } from '../runner-words.js';
import type { QueryLog } from './log.js';

/** Rows that a test may have looked for in vain. */
interface Gone {
  readonly table: string;
  /** Full title of the test that has written them. */
  readonly test: string;
}

/**
 * What the report of a failed test tells where it has found nothing in a table that an earlier test has written to:
 * that this is gone. Undefined where there is no such table.
 */
export function goneHint(log: QueryLog): string | undefined {
  const gone = goneFor(log);
  if (gone === undefined) return undefined;
  return (
    `  Nothing was found in "${gone.table}": what "${gone.test}" had written there was rolled back with it, as each test is. ` +
    `If this one builds on it, write the rows in a hook, or roll the describe back as one: ${runnerWords().asOneCall} (see node_modules/lockstep/docs/config.md#rollback)`
  );
}

function goneFor(log: QueryLog): Gone | undefined {
  const tables = log.all().entries.map(({ record, dialect }) => ({ record, ...tablesOf(record.sql, dialect) }));
  const filling = tables.findIndex(({ filled }) => filled !== undefined);
  // A test that brings rows of its own looks for others in vain for reasons of its own.
  const missed = new Set(
    tables
      .slice(0, filling < 0 ? undefined : filling)
      .flatMap(({ record, searched }) => (record.rows === 0 && record.error === undefined ? searched : [])),
  );
  // Whoever fills a table later has looked whether that is needed.
  for (const { filled } of tables) if (filled !== undefined) missed.delete(filled);
  if (missed.size === 0) return undefined;

  for (const { title, statements } of log.earlier()) {
    for (const { sql, rows, error, dialect } of statements) {
      const { filled } = tablesOf(sql, dialect);
      if (filled !== undefined && missed.has(filled) && rows > 0 && error === undefined)
        return { table: filled, test: title };
    }
  }
  return undefined;
}
