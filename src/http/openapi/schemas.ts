import { isObject, own } from './document.js';
import type { OpenApiDocument } from './document.js';

type Schema = Record<string, unknown>;

/** Keywords whose value is a schema, a list of schemas, or schemas by name (JSON Schema 2020-12). */
const SINGLE = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains', 'propertyNames'].concat(
  'unevaluatedItems',
  'unevaluatedProperties',
);
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const MAPS = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'];

/** Data, not schemas: what is in them only looks like a schema. */
const DATA = new Set(['example', 'examples']);

/**
 * Makes all schemas of the document JSON Schema 2020-12 as it holds for answers, in place: what only
 * OpenAPI 3.0 has is translated, and properties that are written only are not required.
 */
export function translateSchemas(document: OpenApiDocument): void {
  new Translation(document).part(document.root);
}

class Translation {
  readonly #document: OpenApiDocument;

  constructor(document: OpenApiDocument) {
    this.#document = document;
  }

  /** A part of the document in which schemas may be. */
  part(value: unknown): void {
    if (Array.isArray(value)) return value.forEach((each) => this.part(each));
    if (!isObject(value)) return;

    for (const [key, each] of Object.entries(value)) {
      if (DATA.has(key)) continue;
      if (key === 'schema') this.#schema(each);
      else if (key === 'schemas' && isObject(each)) Object.values(each).forEach((schema) => this.#schema(schema));
      else this.part(each);
    }
  }

  #schema(value: unknown): void {
    if (!isObject(value)) return;
    const schema = value as Schema;

    if (this.#document.ownDialect) fromOwnDialect(schema);
    if (Array.isArray(schema['required'])) {
      schema['required'] = schema['required'].filter((name: unknown) => !this.#isWriteOnly(schema, name));
    }
    for (const key of SINGLE) this.#schema(schema[key]);
    for (const key of LISTS) if (Array.isArray(schema[key])) schema[key].forEach((each) => this.#schema(each));
    for (const key of MAPS) if (isObject(schema[key])) Object.values(schema[key]).forEach((each) => this.#schema(each));
  }

  #isWriteOnly({ properties }: Schema, name: unknown): boolean {
    const property = typeof name === 'string' ? own(properties, name) : undefined;
    if (!isObject(property)) return false;

    const reference = property['$ref'];
    const keys =
      typeof reference === 'string' && reference.startsWith('#/') ? reference.slice(2).split('/') : undefined;
    const meant = keys === undefined ? property : this.#document.at(keys)?.value;
    return meant?.['writeOnly'] === true;
  }
}

/** OpenAPI 3.0.3, section 4.7.24: where a schema object differs from JSON Schema. */
function fromOwnDialect(schema: Schema): void {
  const { type, nullable, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;

  if (typeof schema['$ref'] === 'string') {
    for (const key of Object.keys(schema)) if (key !== '$ref') delete schema[key];
    return;
  }
  // Without a type it means nothing.
  if (nullable === true && typeof type === 'string') schema['type'] = [type, 'null'];
  delete schema['nullable'];
  if (typeof exclusiveMinimum === 'boolean') delete schema['exclusiveMinimum'];
  if (typeof exclusiveMaximum === 'boolean') delete schema['exclusiveMaximum'];
  if (exclusiveMinimum === true && minimum !== undefined) {
    schema['exclusiveMinimum'] = minimum;
    delete schema['minimum'];
  }
  if (exclusiveMaximum === true && maximum !== undefined) {
    schema['exclusiveMaximum'] = maximum;
    delete schema['maximum'];
  }
}
