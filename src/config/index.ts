/** The config: its types, where it is found, and what makes it valid. */

export { defineConfig } from './define.js';
export { findConfig } from './find.js';
export type { FoundConfig, Search } from './find.js';
export { loadConfig } from './load.js';
export { loadApp } from './load-app.js';
export type { ImportApp } from './load-app.js';
export { importLike, importModule } from './import-module.js';
export type { Exports } from './import-module.js';
export { nearest } from './nearest.js';
export { validateConfig } from './validate.js';

export type {
  AppSource,
  BridgeConfig,
  ClientConfig,
  Config,
  DatabaseConfig,
  EmbeddedPostgresConfig,
  Identities,
  Isolation,
  Leaks,
  Rollback,
  NPlusOne,
  OpenApiObject,
  OpenApiOptions,
  OpenApiSource,
  PostgresClock,
  PostgresConfig,
  PostgresDriver,
  PostgresHost,
  PostgresSwap,
  QueriesConfig,
  RaiseServerErrors,
  ReplicaConfig,
  SetupCommand,
  SetupContext,
  SetupFunction,
  SetupSource,
  SetupStep,
  SqliteConfig,
  SqliteDriver,
  Transport,
} from './config.js';
export type {
  ResolvedApp,
  ResolvedCommand,
  ResolvedConfig,
  ResolvedDatabase,
  ResolvedEmbedded,
  ResolvedName,
  ResolvedPostgres,
  ResolvedReplica,
  ResolvedSetup,
  ResolvedSqlite,
  ResolvedStep,
} from './resolved.js';
export type { SetupSession } from './setup-session.js';
