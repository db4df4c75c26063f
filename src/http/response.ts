import type { IncomingHttpHeaders } from 'node:http';
import { RequestError } from '../errors.js';
import { NO_QUERIES, type Queries, type RequestQueries } from '../queries/index.js';
import { parseSetCookies } from './cookies/set-cookie.js';
import type { ResponseCookie } from './cookies/set-cookie.js';
import type { Informational } from './exchange.js';
import { parseBody, parseJson } from './parse.js';
import { curlLine } from './response/curl.js';
import type { SentRequest } from './response/curl.js';
import { report } from './response/dump.js';
import { expectJson, expectStatus, expectSuccess } from './response/expectations.js';

/** What an answer consists of. */
export interface ResponseParts {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly elapsed: number;
  readonly history: readonly Response[];
  readonly serverError: unknown;
  readonly trailers?: Readonly<Record<string, string | undefined>>;
  readonly informational?: readonly Informational[];
  /** The request as it was sent, for the curl line. */
  readonly sent?: SentRequest;
  readonly queries?: Pick<RequestQueries, 'read'> | undefined;
}

/** The app's answer to a request. `T` is the type that `body` is taken to have; it is not checked. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a body's shape is known to the test only
export class Response<T = any> {
  /** Method and URL of the request that was answered: after redirects, the last one. */
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  /** By lower-case name; `set-cookie` is an array. */
  readonly headers: IncomingHttpHeaders;
  /** Those that came after a chunked body. */
  readonly trailers: Readonly<Record<string, string | undefined>>;
  /** Answers with a status of 100 to 199 that came before, e.g. 103 Early Hints, oldest first. */
  readonly informational: readonly Informational[];
  /** The body, decoded where its `content-encoding` is gzip, deflate or br. */
  readonly bytes: Buffer;
  /** Milliseconds from the call to the end of the response, redirects included. */
  readonly elapsed: number;
  /** The redirects that led here, oldest first. */
  readonly history: readonly Response[];
  /**
   * The app's error behind this response, where it could be seen: errors that a handler of the app
   * turned into a response, and with `raiseServerErrors: false` every error that would have been thrown.
   */
  readonly serverError: unknown;

  readonly #queries: ResponseParts['queries'];
  readonly #sent: SentRequest | undefined;
  #text: string | undefined;
  #body: { value: unknown } | undefined;
  #setCookies: readonly ResponseCookie[] | undefined;

  constructor(parts: ResponseParts) {
    this.method = parts.method;
    this.url = parts.url;
    this.status = parts.status;
    this.statusText = parts.statusText;
    this.headers = parts.headers;
    this.trailers = parts.trailers ?? {};
    this.informational = parts.informational ?? [];
    this.bytes = parts.bytes;
    this.elapsed = parts.elapsed;
    this.history = parts.history;
    this.serverError = parts.serverError;
    this.#queries = parts.queries;
    this.#sent = parts.sent;
  }

  /** Whether the status is 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /**
   * The statements that the app sent to the sandbox during the call, its redirects included, oldest
   * first. They are fetched when they are read; long after the call, the oldest may be gone.
   */
  get queries(): Queries {
    return this.#queries?.read() ?? NO_QUERIES;
  }

  /** The body as text, in the charset of the content type (UTF-8 unless it names one). */
  get text(): string {
    this.#text ??= decode(this.bytes, this.headers['content-type']);
    return this.#text;
  }

  /**
   * The body as its content type says: parsed JSON (also `+json`), an object for a form, else text;
   * undefined when it is empty.
   *
   * @throws RequestError when the content type says JSON and the body is not.
   */
  get body(): T {
    this.#body ??= {
      value: this.bytes.length === 0 ? undefined : parseBody(this.#label, this.headers['content-type'], this.text),
    };
    return this.#body.value as T;
  }

  /**
   * The body as JSON, whatever its content type is.
   *
   * @throws RequestError when it is not JSON.
   */
  json<U = T>(): U {
    return parseJson(this.#label, this.text) as U;
  }

  /** A header's value by name in any case; several values are joined with `, `. */
  header(name: string): string | undefined {
    const value = this.headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** The cookies that this response sets: values by name. */
  get cookies(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#cookies.map(({ name, value }) => [name, value]));
  }

  /** A cookie that this response sets, with its attributes. */
  cookie(name: string): ResponseCookie | undefined {
    return this.#cookies.findLast((cookie) => cookie.name === name);
  }

  /**
   * @returns this response
   * @throws ExpectationError unless the status is `status`.
   */
  expect(status: number): this {
    expectStatus(this, status);
    return this;
  }

  /**
   * Compares the parts of the body that are given: of objects the given properties, of arrays each
   * element; a regular expression matches a string.
   *
   * @returns this response
   * @throws ExpectationError naming each path that differs.
   */
  expectJson(partial: unknown): this {
    expectJson(this, partial);
    return this;
  }

  /**
   * @returns this response
   * @throws ExpectationError when the status is 400 or more.
   */
  raiseForStatus(): this {
    expectSuccess(this);
    return this;
  }

  /** The whole exchange as text: request, status, headers, body, the app's error, its statements, a curl line. */
  dump(): string {
    return report(this, this.toCurl());
  }

  /** A curl command that sends the same request. */
  toCurl(): string {
    return curlLine(this.#sent ?? { method: this.method, url: this.url, headers: {}, body: undefined });
  }

  get #label(): string {
    return `${this.method} ${this.url} (${this.status})`;
  }

  get #cookies(): readonly ResponseCookie[] {
    this.#setCookies ??= parseSetCookies(this.headers['set-cookie'] ?? []);
    return this.#setCookies;
  }
}

function decode(bytes: Buffer, contentType: string | undefined): string {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase() ?? 'utf-8';
  // Buffer's own decoder is several times faster than TextDecoder; only a byte order mark makes them differ.
  if ((charset === 'utf-8' || charset === 'utf8') && bytes[0] !== 0xef) return bytes.toString('utf8');
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch (cause) {
    throw new RequestError({
      what: `The response's charset ${JSON.stringify(charset)} is not known.`,
      remedy: 'Read response.bytes and decode it in the test.',
      cause,
    });
  }
}
