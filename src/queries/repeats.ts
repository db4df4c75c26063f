import type { Entry } from './scope-queries.js';

/** A statement that one client call sent again and again. */
export interface Repeat {
  /** `GET /providers`. */
  readonly request: string;
  readonly shape: string;
  readonly count: number;
}

/**
 * Statements of the app that differ in their values only and were sent more than `limit` times in
 * one call: the mark of a loop that queries once per row (N+1).
 */
export function repeatsIn(entries: readonly Entry[], limit: number): Repeat[] {
  const calls = new Map<object, Map<string, { request: string; count: number }>>();

  for (const { record, shape, control, span } of entries) {
    if (control || record.by !== 'app' || span === undefined) continue;
    const shapes = calls.get(span) ?? new Map<string, { request: string; count: number }>();
    const found = shapes.get(shape) ?? { request: span.label, count: 0 };
    calls.set(span, shapes.set(shape, found));
    found.count += 1;
  }

  return [...calls.values()].flatMap((shapes) =>
    [...shapes].filter(([, { count }]) => count > limit).map(([shape, found]) => ({ shape, ...found })),
  );
}
