import type { OpenApiError, OpenApiViolation } from '../../errors.js';
import type { Response } from '../response.js';
import { isObject, OpenApiDocument } from './document.js';
import type { OpenApiSettings, Place } from './document.js';
import { openApiError } from './failure.js';
import { headerViolations } from './headers.js';
import { isJson, mediaKey } from './media.js';
import { Routes } from './routes.js';
import type { Operation } from './routes.js';
import { SchemaValidator } from './validator.js';
import { violationsOf } from './violations.js';

/** Statuses whose answers have no body, whatever the document says. */
const BODILESS = new Set([204, 205, 304]);

/** What was found wrong, before it becomes an error. */
type Finding = readonly OpenApiViolation[];
const NOTHING: Finding = [];

/** Compares answers with an OpenAPI document. */
export class OpenApiCheck {
  readonly #document: OpenApiDocument;
  readonly #routes: Routes;
  readonly #validator: SchemaValidator;
  readonly #strict: boolean;

  /** @throws ConfigError for a document that cannot be used; PeerMissingError without ajv. */
  constructor(settings: OpenApiSettings, document: unknown) {
    this.#document = new OpenApiDocument(settings.name, document);
    this.#validator = new SchemaValidator(this.#document);
    this.#routes = new Routes(this.#document);
    this.#strict = settings.undeclared === 'error';
  }

  /** Makes the check of the document that `settings` gives or fetches. */
  static async open(settings: OpenApiSettings): Promise<OpenApiCheck> {
    const { document } = settings;
    return new OpenApiCheck(settings, typeof document === 'function' ? await (document as () => unknown)() : document);
  }

  /** The error of an answer that the document does not have so; undefined when there is nothing wrong. */
  judge(response: Response): OpenApiError | undefined {
    const { method, status } = response;
    const match = this.#routes.find(method, new URL(response.url).pathname);

    if (match.kind === 'operation') {
      const { operation } = match;
      const found = this.#operation(operation, response);
      return found.length === 0 ? undefined : openApiError(this.#document.name, response, operation.name, found);
    }
    // What neither the app nor the document has; and what CORS asks, which is no operation of the app.
    if (status === 404 || (status === 405 && match.kind === 'method') || method === 'OPTIONS') return undefined;
    if (!this.#strict) return undefined;

    const violation: OpenApiViolation =
      match.kind === 'method'
        ? { place: 'method', pointer: '', value: method, expected: `${match.methods.join(', ')} for ${match.template}` }
        : { place: 'path', pointer: '', value: new URL(response.url).pathname, expected: this.#paths() };
    return openApiError(this.#document.name, response, undefined, [violation]);
  }

  #operation({ path }: Operation, response: Response): Finding {
    const declared = this.#declared(path, response.status);
    if (declared.answer === undefined) {
      const expected = declared.statuses.length === 0 ? 'no answer at all' : declared.statuses.join(', ');
      return this.#undeclared({ place: 'status', pointer: '', value: response.status, expected });
    }

    const { answer } = declared;
    return [...headerViolations(this.#document, this.#validator, answer, response), ...this.#body(answer, response)];
  }

  /** What the document has for a status: itself, its class, or the default. */
  #declared(path: readonly string[], status: number): { answer: Place | undefined; statuses: readonly string[] } {
    const responses = this.#document.at([...path, 'responses']);
    const statuses = Object.keys(responses?.value ?? {}).filter((key) => !key.startsWith('x-'));
    const wanted = [String(status), `${String(status).charAt(0)}XX`, 'DEFAULT'];
    const key = wanted.map((each) => statuses.find((name) => name.toUpperCase() === each)).find(Boolean);

    const answer =
      key === undefined || responses === undefined ? undefined : this.#document.at([...responses.path, key]);
    return { answer, statuses };
  }

  #body({ value, path }: Place, response: Response): Finding {
    const { method, status, bytes } = response;
    if (method === 'HEAD' || BODILESS.has(status)) return NOTHING;

    const content = isObject(value['content']) ? value['content'] : {};
    const keys = Object.keys(content);
    const type = response.header('content-type');
    if (type === undefined && bytes.length === 0) {
      return keys.length === 0
        ? NOTHING
        : [{ place: 'body', pointer: '', value: undefined, expected: `a body of ${keys.join(' or ')}` }];
    }
    const key = mediaKey(type ?? '', keys);
    if (key === undefined) {
      // Many servers name a type for an empty body.
      if (bytes.length === 0 && keys.length === 0) return NOTHING;
      const expected = keys.length === 0 ? 'no body' : keys.join(' or ');
      return this.#undeclared({ place: 'content-type', pointer: '', value: type, expected });
    }

    const media = this.#document.at([...path, 'content', key]);
    if (media === undefined || media.value['schema'] === undefined) return NOTHING;
    return this.#matches(this.#validator.at([...media.path, 'schema']), type ?? key, response);
  }

  #matches(validate: ReturnType<SchemaValidator['at']>, type: string, response: Response): Finding {
    if (isJson(type)) {
      let body: unknown;
      try {
        body = JSON.parse(response.text);
      } catch (error) {
        const expected = `JSON (${error instanceof Error ? error.message : String(error)})`;
        return [{ place: 'body', pointer: '', value: response.text, expected }];
      }
      return violationsOf(validate(body), 'body');
    }
    // Of other types a schema can only be about text.
    return /^text\//i.test(type) ? violationsOf(validate(response.text), 'body') : NOTHING;
  }

  #undeclared(violation: OpenApiViolation): Finding {
    return this.#strict ? [violation] : NOTHING;
  }

  #paths(): string {
    const { bases, templates } = this.#routes;
    const under = bases.filter((base) => base !== '');
    const shown = templates.slice(0, 10).join(', ') + (templates.length > 10 ? ', ...' : '');
    return under.length === 0 ? `one of ${shown}` : `one of ${shown} under ${under.join(' or ')} (servers)`;
  }
}
