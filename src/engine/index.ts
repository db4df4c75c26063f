/** The engines, and the contract that each of them fulfils. */

export { engines } from './engines.js';
export { sqlite } from './sqlite/index.js';
export type { SqliteOptions } from './sqlite/index.js';
export type {
  Engine,
  Host,
  Leftover,
  Parameters,
  Row,
  Sandbox,
  Scope,
  StatementEvent,
  StatementResult,
  SyncConnection,
} from './engine.js';
