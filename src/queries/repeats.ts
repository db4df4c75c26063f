import { repeatsTogether } from './repeats-together.js';
import type { Entry, Span } from './scope-queries.js';

/** A statement that one client call sent again and again. */
export interface Repeat {
  /** `GET /providers`; of calls that were in flight together `GET /providers and GET /countries together`. */
  readonly request: string;
  readonly shape: string;
  readonly count: number;
}

/** How often each shape was sent in each call that was alone. */
export type Counts = ReadonlyMap<Span, ReadonlyMap<string, number>>;

/**
 * Statements of the app that differ in their values only and were sent more than `limit` times in
 * one call: the mark of a loop that queries once per row (N+1).
 */
export function repeatsIn(entries: readonly Entry[], limit: number): Repeat[] {
  const calls = new Map<Span, Map<string, number>>();
  const shared: Entry[] = [];

  for (const entry of entries) {
    const { record, shape, control, spans, span } = entry;
    if (control || record.by !== 'app' || spans.length === 0) continue;
    if (span === undefined) {
      shared.push(entry);
      continue;
    }
    const shapes = calls.get(span) ?? new Map<string, number>();
    calls.set(span, shapes.set(shape, (shapes.get(shape) ?? 0) + 1));
  }

  const alone = [...calls].flatMap(([{ label: request }, shapes]) =>
    [...shapes].filter(([, count]) => count > limit).map(([shape, count]) => ({ request, shape, count })),
  );
  return shared.length === 0 ? alone : [...alone, ...repeatsTogether(shared, calls, limit)];
}
