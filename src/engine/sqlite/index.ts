/** The SQLite engine: one database in memory behind drop-in drivers and the test's session. */

export { sqlite } from './sqlite.js';
export type { SqliteOptions } from './options.js';
