import { readFileSync } from 'node:fs';

import { ConfigError } from '../errors.js';
import { existingFile } from './paths.js';
import type { ResolvedOpenApi } from './resolved.js';
import { isRecord, Section } from './section.js';

const KEYS = ['document', 'undeclared'];
const UNDECLARED = ['error', 'ignore'] as const;
const ACCEPTED = 'the path of a JSON file, an OpenAPI document, or a function that returns one';

/**
 * Reads `client.openapi`: a document, or an object with one and how strictly it is meant. Whether it is
 * an OpenAPI document is found out when it is used.
 */
export function readOpenApi(client: Section): ResolvedOpenApi | undefined {
  const value = client.raw('openapi');
  if (value === undefined) return undefined;

  const isDocument = !isRecord(value) || 'openapi' in value || 'swagger' in value;
  if (isDocument) return Object.freeze({ ...readDocument(client, 'openapi'), undeclared: 'error' });

  const section = new Section(value, client.name('openapi'), client.source, KEYS);
  return Object.freeze({
    ...readDocument(section, 'document'),
    undeclared: section.choice('undeclared', UNDECLARED) ?? 'error',
  });
}

function readDocument(section: Section, key: string): { name: string; document: unknown } {
  const document = section.raw(key);
  const name = `${section.name(key)} in ${section.source}`;
  if (typeof document === 'function' || isRecord(document)) return { name, document };
  if (typeof document !== 'string' || document.trim() === '') throw section.refuse(key, ACCEPTED);

  if (/\.ya?ml$/i.test(document)) {
    throw section.refuse(key, ACCEPTED, {
      why: 'Of files only JSON is read.',
      remedy: `Read it with a package for YAML: import { parse } from 'yaml', then ${key}: parse(readFileSync(path, 'utf8')).`,
    });
  }
  const path = existingFile({ key: section.name(key), written: document, source: section.source });
  return { name: path, document: parsed(path, name) };
}

function parsed(path: string, name: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError({
      what: `${name} is ${path}, which is not JSON.`,
      why: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}
