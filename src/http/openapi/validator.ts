import { ConfigError } from '../../errors.js';
import { loadAjv } from './ajv.js';
import type { Ajv } from './ajv.js';
import { outside, pointer } from './document.js';
import type { OpenApiDocument } from './document.js';
import { FORMATS } from './formats.js';
import { translateSchemas } from './schemas.js';
import type { SchemaError } from './violations.js';

/** What is wrong with a value; empty when nothing is. */
export type Validate = (value: unknown) => readonly SchemaError[];

/** How the document is called inside ajv. */
const ROOT = 'openapi.json';

/** Compiles the schemas of a document, each when it is first asked for. */
export class SchemaValidator {
  readonly #document: OpenApiDocument;
  readonly #ajv: Ajv;
  readonly #compiled = new Map<string, Validate>();

  /** @throws PeerMissingError when ajv 8 is not installed. */
  constructor(document: OpenApiDocument) {
    const Ajv2020 = loadAjv(document.name);
    // A document is more than schemas, and has keywords of its own in them (example, xml, discriminator).
    this.#ajv = new Ajv2020({ strict: false, allErrors: true, verbose: true, logger: false, validateSchema: false });
    this.#document = document;

    for (const [name, format] of Object.entries(FORMATS)) this.#ajv.addFormat(name, format);
    this.#ajv.removeKeyword('writeOnly');
    this.#ajv.addKeyword({ keyword: 'writeOnly', schemaType: 'boolean', validate: (flag: boolean) => !flag });
    translateSchemas(document);
    try {
      this.#ajv.addSchema(document.root, ROOT);
    } catch (cause) {
      throw unusable(document.name, cause);
    }
  }

  /**
   * The validator of the schema at `path`.
   *
   * @throws ConfigError when that is no JSON Schema.
   */
  at(path: readonly string[]): Validate {
    const place = pointer(path);
    let validate = this.#compiled.get(place);
    if (validate === undefined) {
      validate = this.#compile(place);
      this.#compiled.set(place, validate);
    }
    return validate;
  }

  #compile(place: string): Validate {
    try {
      const check = this.#ajv.compile({ $ref: ROOT + place });
      return (value) => (check(value) ? [] : (check.errors ?? []));
    } catch (cause) {
      const missing = (cause as { missingRef?: unknown }).missingRef;
      throw typeof missing === 'string'
        ? outside(this.#document.name, missing.replace(ROOT, ''))
        : unusable(`${this.#document.name}${place}`, cause);
    }
  }
}

function unusable(name: string, cause: unknown): ConfigError {
  return new ConfigError({
    what: `${name}: the schema cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
    remedy: 'Check the document, e.g. with npx @redocly/cli lint.',
    cause,
  });
}
