import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { SetupFunction } from './config.js';
import { existingFile } from './paths.js';
import type { ResolvedSetup } from './resolved.js';
import type { Section } from './section.js';

const SQL = /\s/;
const SQL_KEYWORD = /\b(alter|begin|create|delete|drop|insert|pragma|replace|select|update|with)\b/i;

/** Reads `schema` or `seed`: SQL files, or a function. */
export function readSetup(section: Section, key: string): ResolvedSetup | undefined {
  const value = section.raw(key);
  if (value === undefined) return undefined;
  if (typeof value === 'function') return Object.freeze({ kind: 'function', run: value as SetupFunction });

  const written: readonly unknown[] = Array.isArray(value) ? value : [value];
  const paths = written.map((entry) => {
    if (typeof entry !== 'string' || entry.trim() === '') {
      throw section.refuse(key, "a .sql file's path, a list of them, or a function");
    }
    refuseWhatIsNoPath(section, key, entry);
    return existingFile({ key: section.name(key), written: entry, source: section.source });
  });

  return Object.freeze({ kind: 'files', paths: Object.freeze(paths) });
}

function refuseWhatIsNoPath(section: Section, key: string, entry: string): void {
  const exists = existsSync(resolve(dirname(section.source), entry));

  if (!exists && SQL.test(entry) && SQL_KEYWORD.test(entry)) {
    throw section.refuse(key, "a .sql file's path, a list of them, or a function", {
      value: entry,
      why: 'This looks like SQL, not like a path.',
      remedy: `Give a .sql file's path or a function: ${key}: ({ session }) => session.exec('…').`,
    });
  }
  if (/\.[cm]?[jt]sx?$/.test(entry)) {
    throw section.refuse(key, "a .sql file's path, a list of them, or a function", {
      value: entry,
      why: 'A path names a file of SQL; this one names code.',
      remedy: `Give the function itself: ${key}: async (context) => (await import('${entry}')).default(context).`,
    });
  }
}
