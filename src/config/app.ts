import { dirname, resolve } from 'node:path';

import { existingFile, isFile } from './paths.js';
import type { ResolvedApp } from './resolved.js';
import type { Section } from './section.js';

const ACCEPTED = "a module's path, an app, or a function that returns one";

/** Reads `app`. A path may end in `#exportName`. */
export function readApp(section: Section): ResolvedApp | undefined {
  const value = section.raw('app');
  if (value === undefined) return undefined;

  if (typeof value === 'string') {
    if (value.trim() === '') throw section.refuse('app', ACCEPTED);
    const { written, exportName } = split(value, section.source);
    const path = existingFile({
      key: section.name('app'),
      written,
      source: section.source,
      suffix: exportName === undefined ? '' : `#${exportName}`,
    });
    return Object.freeze({ kind: 'module', path, exportName });
  }

  if (value === null || (typeof value !== 'object' && typeof value !== 'function'))
    throw section.refuse('app', ACCEPTED);
  return Object.freeze({ kind: 'given', value });
}

function split(value: string, source: string): { written: string; exportName: string | undefined } {
  const at = value.lastIndexOf('#');
  // A folder may have `#` in its name.
  if (at < 1 || isFile(resolve(dirname(source), value))) return { written: value, exportName: undefined };

  return { written: value.slice(0, at), exportName: value.slice(at + 1) || undefined };
}
