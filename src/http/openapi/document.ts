import { ConfigError } from '../../errors.js';
import { describe } from '../request/describe.js';

/** An OpenAPI document that answers are compared with. */
export interface OpenApiSettings {
  /** How messages call the document: the path of its file, or the config's key. */
  readonly name: string;
  /** The document, or a function that returns it or a promise of it; called once, after the app has started. */
  readonly document: unknown;
  /** What happens to answers whose path, method, status or content type the document does not have. */
  readonly undeclared: 'error' | 'ignore';
}

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A place in a document: the object there, and the keys that lead to it. */
export interface Place {
  readonly value: JsonObject;
  readonly path: readonly string[];
}

/** References to references that are followed before they count as a circle. */
const MAX_REFERENCES = 20;

/** A checked copy of an OpenAPI 3 document. */
export class OpenApiDocument {
  readonly name: string;
  /** Free of whatever JSON does not have. Nobody else holds it. */
  readonly root: JsonObject;
  /** Whether it is of 3.0, whose schemas are a dialect of their own; from 3.1 on they are JSON Schema 2020-12. */
  readonly ownDialect: boolean;

  /** @throws ConfigError unless `value` is an OpenAPI 3 document. */
  constructor(name: string, value: unknown) {
    if (!isObject(value)) {
      throw new ConfigError({
        what: `${name}: the document is ${describe(value)}.`,
        remedy: 'Give an OpenAPI 3 document as an object, a path of its JSON file, or a function that returns it.',
      });
    }
    this.name = name;
    this.root = copyOf(name, value);
    this.ownDialect = versionOf(name, this.root).startsWith('3.0');
    if (!isObject(this.root['paths'] ?? {})) {
      throw new ConfigError({ what: `${name}: paths is ${describe(this.root['paths'])}.`, remedy: 'It is an object.' });
    }
  }

  /**
   * The object at `path`, references followed; undefined when there is none.
   *
   * @throws ConfigError for a reference that leads nowhere, out of the document, or in a circle.
   */
  at(path: readonly string[]): Place | undefined {
    let place = path;
    for (let followed = 0; followed <= MAX_REFERENCES; followed++) {
      const value = place.reduce<unknown>((node, key) => own(node, key), this.root);
      if (!isObject(value)) {
        if (followed > 0) throw this.#brokenReference(path, place, 'leads nowhere');
        return undefined;
      }
      const reference = value['$ref'];
      if (typeof reference !== 'string') return { value, path: place };
      if (!reference.startsWith('#/')) throw outside(this.name, reference);
      place = keysOf(reference);
    }
    throw this.#brokenReference(path, place, 'goes in a circle');
  }

  #brokenReference(from: readonly string[], to: readonly string[], how: string): ConfigError {
    return new ConfigError({ what: `${this.name}: the reference at ${pointer(from)} to ${pointer(to)} ${how}.` });
  }
}

/** The error for a reference to another file. */
export function outside(name: string, reference: string): ConfigError {
  return new ConfigError({
    what: `${name} refers to ${JSON.stringify(reference)}, which is not in the document.`,
    why: 'Only references within the document are followed (#/components/...).',
    remedy: 'Bundle it into one file, e.g. with npx @redocly/cli bundle, or correct the reference.',
  });
}

/** A place as a JSON pointer in a URI fragment, e.g. `#/paths/~1users`. */
export function pointer(path: readonly string[]): string {
  return `#${path.map((key) => `/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')}`;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A property of an object or an element of an array, none that is inherited. */
export function own(node: unknown, key: string): unknown {
  return typeof node === 'object' && node !== null && Object.hasOwn(node, key) ? (node as JsonObject)[key] : undefined;
}

function keysOf(reference: string): string[] {
  return reference
    .slice(2)
    .split('/')
    .map((part) => decoded(part).replaceAll('~1', '/').replaceAll('~0', '~'));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function copyOf(name: string, value: JsonObject): JsonObject {
  try {
    return JSON.parse(JSON.stringify(value)) as JsonObject;
  } catch (cause) {
    throw new ConfigError({
      what: `${name}: the document is no JSON: ${cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause)}`,
      why: 'A document whose references were replaced by what they refer to may contain itself.',
      remedy: 'Give it with its references ($ref).',
      cause,
    });
  }
}

function versionOf(name: string, root: JsonObject): string {
  const { openapi, swagger } = root;
  if (typeof openapi === 'string' && /^3\.\d/.test(openapi)) return openapi;

  throw new ConfigError({
    what:
      swagger === undefined
        ? `${name}: openapi is ${describe(openapi)}.`
        : `${name} is of Swagger ${JSON.stringify(swagger)}.`,
    why: 'Answers are compared with documents of OpenAPI 3.',
    remedy: swagger === undefined ? "It begins with openapi: '3.1.0'." : 'Convert it, e.g. with npx swagger2openapi.',
  });
}
