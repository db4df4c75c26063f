import type { Counts, Repeat } from './repeats.js';
import type { Entry, Span } from './scope-queries.js';

/** Labels that a hint names. */
const NAMED = 3;

/** Statements of one shape, and the calls that may have sent them. */
interface Group {
  readonly calls: Set<Span>;
  count: number;
}

/**
 * Which call has sent a statement is not known while several are in flight. But where they have sent
 * more of a shape than `limit` for each of them, one of them at least is over it.
 *
 * @param entries those that were answered while several calls were in flight
 * @param alone what the same calls sent while they were the only ones
 */
export function repeatsTogether(entries: readonly Entry[], alone: Counts, limit: number): Repeat[] {
  const shapes = new Map<string, Group[]>();

  for (const { shape, spans } of entries) {
    const groups = shapes.get(shape) ?? [];
    const [mine, others] = [
      groups.filter((group) => meets(group, spans)),
      groups.filter((group) => !meets(group, spans)),
    ];
    const calls = new Set([...mine.flatMap((group) => [...group.calls]), ...spans]);
    shapes.set(shape, [...others, { calls, count: mine.reduce((sum, { count }) => sum + count, 1) }]);
  }

  return [...shapes].flatMap(([shape, groups]) =>
    groups.flatMap(({ calls, count }): Repeat[] => {
      const each = [...calls].map((call) => alone.get(call)?.get(shape) ?? 0);
      const total = each.reduce((sum, sent) => sum + sent, count);
      // A call that is told of by itself explains the sum.
      if (total <= limit * calls.size || each.some((sent) => sent > limit)) return [];
      return [{ request: together(calls), shape, count: total }];
    }),
  );
}

function meets({ calls }: Group, spans: readonly Span[]): boolean {
  return spans.some((span) => calls.has(span));
}

function together(calls: ReadonlySet<Span>): string {
  const labels = [...new Set([...calls].map(({ label }) => label))];
  const names = labels.length > NAMED ? [...labels.slice(0, NAMED), 'others'] : labels;
  return labels.length === 1
    ? `${names[0] ?? ''}, ${calls.size} times together,`
    : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''} together`;
}
