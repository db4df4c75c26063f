import type { LoadedEngine } from './engine.js';
import type { PostgresSection } from './postgres/index.js';
import { type Run, singleRun } from './run.js';
import type { SqliteOptions } from './sqlite/index.js';

/** A database section of the config, by its engine. */
export type DatabaseSection =
  ({ readonly engine: 'sqlite' } & SqliteOptions) | ({ readonly engine: 'postgres' } & PostgresSection);

/**
 * Loads the engine of a section. All that a run has are loaded before the first of them is prepared.
 *
 * @param run whose databases they are; by default this process is one by itself
 */
export async function loadEngine(section: DatabaseSection, run: Run = singleRun): Promise<LoadedEngine> {
  switch (section.engine) {
    case 'sqlite': {
      const { sqlite } = await import('./sqlite/index.js');
      return await sqlite.load(section, run);
    }
    case 'postgres': {
      const { postgres } = await import('./postgres/index.js');
      return await postgres.load(section, run);
    }
  }
}
