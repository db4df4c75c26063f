import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ConfigError } from '../../../errors.js';
import type { Parameters } from './parameters.js';

/**
 * The parameters of a named service, see section 34.17 of the Postgres manual: from the file that
 * is named, else from `~/.pg_service.conf`, else from `pg_service.conf` in PGSYSCONFDIR.
 *
 * @throws ConfigError when no file has the service.
 */
export function fromService(
  name: string,
  named: string | undefined,
  folders: { readonly home: string; readonly system: string | undefined },
): Parameters {
  const files = [
    named ?? join(folders.home, '.pg_service.conf'),
    ...(folders.system === undefined ? [] : [join(folders.system, 'pg_service.conf')]),
  ];

  for (const file of files) {
    const section = sections(file).get(name);
    if (section) return section;
  }
  throw new ConfigError({
    what: `The service "${name}" is not defined.`,
    why: `It was looked for in ${files.join(' and ')}.`,
    remedy: 'Unset PGSERVICE, or write the service there.',
  });
}

function sections(file: string): Map<string, Parameters> {
  const found = new Map<string, Parameters>();
  let current: Record<string, string> = {};

  for (const line of read(file).split(/\r?\n/)) {
    const heading = /^\s*\[([^\]]+)\]\s*$/.exec(line)?.[1];
    const [, key, value = ''] = /^\s*(\w+)\s*=(.*)$/.exec(line) ?? [];

    if (heading !== undefined) found.set(heading, (current = {}));
    else if (key !== undefined) current[key] = value.trim();
  }
  return found;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
