import type { Isolation } from './config.js';
import type { Section } from './section.js';

const LATER: readonly unknown[] = ['snapshot', 'database', 'truncate'];

/** Reads `isolation`: what a test gets of the database. */
export function readIsolation(section: Section): Isolation {
  const value = section.raw('isolation');

  if (LATER.includes(value)) {
    throw section.refuse('isolation', "'rollback'", {
      why: 'This isolation is not available in this version.',
      remedy: "Use 'rollback', or leave the key out.",
    });
  }
  return section.choice('isolation', ['rollback']) ?? 'rollback';
}
