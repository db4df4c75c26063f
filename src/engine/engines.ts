import type { Host, Sandbox } from './engine.js';
import type { PostgresSection } from './postgres/index.js';
import type { SqliteOptions } from './sqlite/index.js';

/** A database section of the config, by its engine. */
export type DatabaseSection =
  ({ readonly engine: 'sqlite' } & SqliteOptions) | ({ readonly engine: 'postgres' } & PostgresSection);

/** An engine together with the section that it was loaded for. */
export interface LoadedEngine {
  /** As `Engine.prepare`. */
  prepare(): () => void;
  /** As `Engine.open`. */
  open(host: Host): Sandbox;
}

/** Loads the engine of a section. All that a run has are loaded before the first of them is prepared. */
export async function loadEngine(section: DatabaseSection): Promise<LoadedEngine> {
  switch (section.engine) {
    case 'sqlite': {
      const { sqlite } = await import('./sqlite/index.js');
      return { prepare: () => sqlite.prepare(section), open: (host) => sqlite.open(section, host) };
    }
    case 'postgres': {
      const { plan, postgres } = await import('./postgres/index.js');
      plan(section);
      return { prepare: () => postgres.prepare(section), open: (host) => postgres.open(section, host) };
    }
  }
}
