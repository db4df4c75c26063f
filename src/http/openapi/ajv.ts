import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PeerMissingError } from '../../errors.js';
import type { Format } from './formats.js';
import type { SchemaError } from './violations.js';

// The shape of ajv that is used; its own types would be asked of everyone who compiles against Lockstep.

/** A compiled schema. */
export interface AjvCheck {
  (value: unknown): boolean;
  readonly errors?: readonly SchemaError[] | null;
}
/** An instance of ajv. */
export interface Ajv {
  addSchema(schema: object, key: string): unknown;
  compile(schema: object): AjvCheck;
  addFormat(name: string, format: Format): unknown;
  removeKeyword(keyword: string): unknown;
  addKeyword(definition: object): unknown;
}
export type AjvConstructor = new (options: object) => Ajv;

/** Validates JSON Schema 2020-12; the file exists in version 8 only, of which the project may have another. */
const MODULE = 'ajv/dist/2020.js';

/**
 * The ajv of the user's project: the one found from the working directory, or else from where Lockstep
 * is installed.
 *
 * @param name what it is needed for
 * @throws PeerMissingError when none of the places has it.
 */
export function loadAjv(name: string, places: readonly NodeJS.Require[] = placesOf()): AjvConstructor {
  for (const require of places) {
    const path = resolveFrom(require);
    if (path !== undefined) return (require(path) as { default: AjvConstructor }).default;
  }
  throw new PeerMissingError({
    what: `client.openapi needs the package "ajv" 8, which is not installed for ${process.cwd()}.`,
    why: `Answers are compared with ${name} by it.`,
    remedy: 'Run `npm install --save-dev ajv@8`.',
  });
}

function resolveFrom(require: NodeJS.Require): string | undefined {
  try {
    return require.resolve(MODULE);
  } catch {
    return undefined;
  }
}

function placesOf(): NodeJS.Require[] {
  return [createRequire(join(process.cwd(), 'package.json')), createRequire(import.meta.url)];
}
