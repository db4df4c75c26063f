import { statements } from './expected.js';
import type { QueryLog } from './log.js';
import { repeatLine, statementLine } from './lines.js';
import type { Entry } from './scope-queries.js';

/** Lines of statements that a report shows. */
const SHOWN = 20;
/** So many in a row count as a loop. */
const LOOP = 3;

type Run = readonly [Entry, ...Entry[]];

/**
 * What the report of a failure tells of the test's statements, without a line break at its ends;
 * undefined when there were none.
 */
export function queryReport(log: QueryLog): string | undefined {
  const { entries, omitted, kind } = log.all();
  const total = entries.length + omitted;
  if (entries.length === 0) return undefined;

  const shown = folded(entries).slice(-SHOWN);
  const before = total - shown.reduce((sum, run) => sum + run.length, 0);
  const lines = [`SQL of this ${kind === 'layer' ? 'hook' : 'test'} (${statements(total)}):`];
  if (before > 0) lines.push(`  ${before} before these`);
  let request: string | undefined;
  for (const run of shown) {
    const [{ record }] = run;
    if (record.request !== undefined && record.request !== request) lines.push(`  ${record.request}`);
    request = record.request;
    lines.push(`${request === undefined ? '  ' : '    '}${runLine(run)}`);
  }

  return [...lines, ...log.repeats(entries).map(repeatLine)].map((line) => `  ${line}`).join('\n');
}

/** Statements that follow each other and differ in their values only. A loop of them takes one line. */
function folded(entries: readonly Entry[]): Run[] {
  const runs: [Entry, ...Entry[]][] = [];

  for (const entry of entries) {
    const last = runs.at(-1);
    if (last !== undefined && isLike(last[0], entry)) last.push(entry);
    else runs.push([entry]);
  }
  return runs.flatMap((run): readonly Run[] => (run.length >= LOOP ? [run] : run.map((entry) => [entry])));
}

function isLike({ record: a, shape, span }: Entry, other: Entry): boolean {
  const b = other.record;
  if (shape !== other.shape || span !== other.span) return false;
  if (a.connection !== b.connection || a.transaction !== b.transaction) return false;
  return a.error === undefined && b.error === undefined;
}

function runLine(run: Run): string {
  const [{ record }] = run;
  if (run.length === 1) return statementLine(record);

  const sum = (of: 'duration' | 'rows'): number => run.reduce((total, entry) => total + entry.record[of], 0);
  return `${run.length}x  ${statementLine({ ...record, duration: sum('duration'), rows: sum('rows') })}`;
}
