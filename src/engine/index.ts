/** The engines, and the contract that each of them fulfils. */

export { blockedHost } from './blocked-host.js';
export { inspector } from './inspector.js';
export { loadEngine } from './engines.js';
export type { DatabaseSection } from './engines.js';
export type { PostgresSection } from './postgres/index.js';
export type { SqliteOptions } from './sqlite/index.js';
export type {
  Engine,
  Host,
  LoadedEngine,
  Parameters,
  Row,
  Sandbox,
  StatementEvent,
  StatementReader,
  StatementResult,
  SyncConnection,
} from './engine.js';
export type { Run } from './run.js';
export type { CutConnection, OpenWork, ScopeName } from '../sandbox/vocabulary.js';
export type { StatementFailure } from '../sandbox/statement-log.js';
