import { findConfig, type Search } from './find.js';
import type { ResolvedConfig } from './resolved.js';
import { validateConfig } from './validate.js';

/**
 * Finds, loads and validates the config.
 *
 * @throws ConfigError when there is none, or when anything in it is wrong.
 */
export async function loadConfig(search: Search = {}): Promise<ResolvedConfig> {
  const { path, value } = await findConfig(search);

  return validateConfig(value, path);
}
