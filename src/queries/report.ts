import { statements } from './expected.js';
import type { QueryLog } from './log.js';
import { repeatLines, statementLines } from './lines.js';
import type { Entry } from './scope-queries.js';

/** Lines of statements that a report shows, and a brief one. */
const SHOWN = { all: 20, brief: 5 };
/** So many in a row count as a loop. */
const LOOP = 3;

type Run = readonly [Entry, ...Entry[]];

/** What decides how much a report tells. */
interface ReportOptions {
  /** Characters of a line. */
  readonly width: number;
  /** Whether only statements that have failed are told. */
  readonly brief: boolean;
  /** Messages that the reader is shown anyway. */
  readonly said: readonly string[];
}

/** The indent of all lines. */
const INDENT = '  ';

/**
 * What the report of a failure tells of the test's statements, without a line break at its ends;
 * undefined when there is nothing to tell.
 */
export function queryReport(log: QueryLog, { width, brief, said }: ReportOptions): string | undefined {
  const { entries, omitted, kind } = log.all();
  const total = entries.length + omitted;
  const runs = folded(brief ? entries.filter(({ record }) => record.error !== undefined) : entries);
  const room = width - INDENT.length;
  const repeated = log.repeats(entries).flatMap((repeat) => repeatLines(repeat, room));
  if (runs.length === 0) return repeated.length === 0 ? undefined : indented(repeated);

  const shown = runs.slice(-(brief ? SHOWN.brief : SHOWN.all));
  const count = (list: readonly Run[]): number => list.reduce((sum, run) => sum + run.length, 0);
  const failed = brief ? `, ${count(runs)} failed` : '';
  const before = (brief ? count(runs) : total) - count(shown);
  const lines = [`SQL of this ${kind === 'layer' ? 'hook' : 'test'} (${statements(total)}${failed}):`];
  if (before > 0) lines.push(`  ${before} before these`);
  let request: string | undefined;
  for (const run of shown) {
    const [{ record }] = run;
    if (record.request !== undefined && record.request !== request) lines.push(`  ${record.request}`);
    request = record.request;
    const indent = request === undefined ? '  ' : '    ';
    lines.push(...runLines(run, room - indent.length, said).map((line) => `${indent}${line}`));
  }

  return indented([...lines, ...repeated]);
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `${INDENT}${line}`).join('\n');
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

function runLines(run: Run, width: number, said: readonly string[]): string[] {
  const [{ record }] = run;
  if (run.length === 1) return statementLines(record, width, said);

  const times = `${run.length}x  `;
  const sum = (of: 'duration' | 'rows'): number => run.reduce((total, entry) => total + entry.record[of], 0);
  const all = { ...record, duration: sum('duration'), rows: sum('rows') };
  return statementLines(all, width - times.length, said).map((line) => `${times}${line}`);
}
