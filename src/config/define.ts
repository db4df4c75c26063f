import type { Config } from './config.js';

/**
 * Gives the config file its types. The values are checked when the test run starts, not here.
 *
 * @example
 * ```ts
 * export default defineConfig({
 *   app: './src/app.js',
 *   database: { engine: 'sqlite', file: './test.sqlite3', swap: ['sqlite3'], schema: './schema.sql' },
 * });
 * ```
 */
export function defineConfig(config: Config): Readonly<Config> {
  return Object.freeze(config);
}
