import type { Blob } from 'node:buffer';
import type { ReadStream } from 'node:fs';
import type {
  Agent as HttpAgent,
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  ServerResponse,
} from 'node:http';
import type { Server } from 'node:net';
import type { RaiseServerErrors } from '../options.js';

/* eslint-disable @typescript-eslint/no-explicit-any -- a body's shape is known to the test only */

/** A plain `(request, response)` listener; Express and Connect apps are such functions too. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse, ...rest: any[]) => unknown;

/** An app object with a start-up of its own, which is run before the first request: Fastify, Koa, NestJS. */
export type AppObject = object;

/** What `request(app)` takes: an app, a server (listening or not), or a URL. */
export type App = RequestListener | Server | AppObject | string;

/** Options of `request(app, options)`. */
export interface Options {
  /** HTTP/2, which goes over TCP as in supertest. */
  readonly http2?: boolean | undefined;
  /** Which errors of the app a request throws, see `client`. Default `'unhandled'`. */
  readonly raiseServerErrors?: RaiseServerErrors | undefined;
}

/** Options of `request.agent(app, options)`. */
export interface AgentOptions extends Options {
  readonly ca?: unknown;
  readonly cert?: unknown;
  readonly key?: unknown;
  readonly pfx?: unknown;
  readonly rejectUnauthorized?: boolean;
}

/** What superagent makes of a status of 400 or more. */
export interface HTTPError extends Error {
  readonly status: number;
  readonly text: string;
  readonly method: string;
  readonly path: string;
}

/** A header's value: `set-cookie` is an array. The type is supertest's own, which says string. */
export type Headers = { readonly [name: string]: string } & { readonly 'set-cookie'?: any };

/** What the answer says beside the names that it shares with the request. */
export interface Answer<T = any> {
  /** The parsed body, `{}` when there is none; its type is the caller's claim. */
  readonly body: T;
  /** The body as text. */
  readonly text: string;
  readonly status: number;
  readonly statusCode: number;
  /** The first digit of the status. */
  readonly statusType: number;
  /** By lower-case name. */
  readonly headers: Headers;
  readonly header: Headers;
  readonly charset: string;
  readonly links: Readonly<Record<string, string>>;
  readonly files: any;
  readonly error: false | HTTPError;
  readonly info: boolean;
  readonly redirect: boolean;
  readonly clientError: boolean;
  readonly serverError: boolean;
  readonly created: boolean;
  readonly accepted: boolean;
  readonly noContent: boolean;
  readonly badRequest: boolean;
  readonly unauthorized: boolean;
  readonly forbidden: boolean;
  readonly notFound: boolean;
  readonly notAcceptable: boolean;
  readonly unprocessableEntity: boolean;
}

/** The answer as superagent makes it: what `await`, callbacks and `.expect(fn)` get, and `.response` is. */
export interface Response<T = any> extends Omit<Answer<T>, 'body' | 'text' | 'headers' | 'header'> {
  // Writable, as `.expect(fn)` may change them for the expectations after it.
  body: T;
  text: string;
  headers: Headers;
  header: Headers;
  /** The content type without its parameters. */
  readonly type: string;
  /** Whether the status is 200 to 299. */
  readonly ok: boolean;
  /** The URLs that were followed. */
  readonly redirects: readonly string[];
  readonly request: Test<T>;
  readonly req: ClientRequest;
  readonly res: IncomingMessage;
  get(field: 'Set-Cookie' | 'set-cookie'): string[] | undefined;
  get(field: string): string | undefined;
  toError(): HTTPError;
}

export type CallbackHandler<T = any> = (error: any, response: Response<T>) => void;

type FieldValue = Blob | Buffer | ReadStream | string | boolean | number;
type Parser = (response: Response, callback: (error: Error | null, body: any) => void) => void;

/**
 * A request, and its answer.
 *
 * The first `.expect()`, or the first read of a property of the answer, sends it and waits. Where no
 * wait may begin (after an `await`, in a callback) it is what supertest makes of it: expectations are
 * kept until it is sent by `await`, `.then()` or `.end()`.
 *
 * @typeParam T the type that the body is taken to have; it is not checked.
 */
export interface Test<T = any> extends Answer<T>, PromiseLike<Response<T>> {
  /** The app, as it was given. */
  readonly app: unknown;
  readonly method: string;
  readonly url: string;
  /** The answer as superagent makes it; sends the request if need be. */
  readonly response: Response<T>;
  /** The request on the wire; undefined before it is sent. */
  readonly req: ClientRequest;

  /**
   * Checks the answer at once and throws on this line.
   *
   * @throws the app's own error where it explains the failed expectation.
   */
  expect(status: number | readonly number[]): this;
  expect(status: number, body: unknown): this;
  /** A promise that the function returns is waited for. */
  expect(check: (response: Response<T>) => unknown): this;
  expect(field: string, value: string | number | RegExp): this;
  expect(body: string | RegExp | object | null): this;
  expect(status: number | readonly number[], callback: CallbackHandler<T>): this;
  expect(status: number, body: unknown, callback: CallbackHandler<T>): this;
  expect(field: string, value: string | number | RegExp, callback: CallbackHandler<T>): this;
  expect(body: string | RegExp | object | null, callback: CallbackHandler<T>): this;

  /** Sends without waiting; the callback gets the first failed expectation, or null. */
  end(callback?: CallbackHandler<T>): this;
  then<A = Response<T>, B = never>(
    resolve?: ((response: Response<T>) => A | PromiseLike<A>) | null,
    reject?: ((error: any) => B | PromiseLike<B>) | null,
  ): Promise<A | B>;
  catch<B = never>(reject?: ((error: any) => B | PromiseLike<B>) | null): Promise<Response<T> | B>;
  finally(callback?: (() => void) | null): Promise<Response<T>>;
  abort(): this;

  set(field: 'Cookie' | 'cookie', value: readonly string[]): this;
  set(field: string, value: string | number): this;
  set(fields: IncomingHttpHeaders | Readonly<Record<string, string | number>>): this;
  unset(field: string): this;
  send(data?: string | object | null): this;
  query(value: string | Readonly<Record<string, any>>): this;
  field(name: string, value: FieldValue | readonly FieldValue[], options?: string | object): this;
  field(fields: Readonly<Record<string, FieldValue | readonly FieldValue[]>>): this;
  attach(
    field: string,
    file: FieldValue,
    options?: string | { readonly filename?: string | undefined; readonly contentType?: string | undefined },
  ): this;
  accept(type: string): this;
  auth(token: string, options: { readonly type: 'bearer' }): this;
  auth(user: string, password?: string, options?: { readonly type: 'basic' | 'auto' }): this;
  bearer(token: string): this;
  timeout(ms: number | { readonly deadline?: number; readonly response?: number; readonly upload?: number }): this;
  retry(count?: number, callback?: (error: any, response: Response) => boolean | undefined | null): this;
  buffer(buffer?: boolean): this;
  parse(parser: Parser): this;
  serialize(serializer: (value: any) => string): this;
  responseType(type: string): this;
  maxResponseSize(bytes: number): this;
  sortQuery(sort?: boolean | ((a: string, b: string) => number)): this;
  use(plugin: (request: this) => void): this;
  withCredentials(on?: boolean): this;
  trustLocalhost(on?: boolean): this;
  disableTLSCerts(): this;
  http2(on?: boolean): this;
  agent(agent: HttpAgent): this;
  ca(certificate: string | Buffer | readonly (string | Buffer)[]): this;
  cert(certificate: string | Buffer | readonly (string | Buffer)[]): this;
  key(key: string | Buffer | readonly (string | Buffer)[]): this;
  pfx(pfx: string | Buffer | { readonly pfx: string | Buffer; readonly passphrase: string }): this;

  /** Before the request is sent a method of it, afterwards whether the status is 200 to 299. */
  readonly ok: boolean & ((accept: (response: Response) => boolean) => Test<T>);
  /** Before the request is sent a method that sets its content type, afterwards the answer's. */
  readonly type: string & ((type: string) => Test<T>);
  /** Before the request is sent how many redirects it follows, afterwards the URLs that it followed. */
  readonly redirects: readonly string[] & ((count: number) => Test<T>);
  /** A header of the answer; for those of the request there is `getHeader`. */
  get(field: 'Set-Cookie' | 'set-cookie'): string[] | undefined;
  get(field: string): string | undefined;
  getHeader(field: string): string | undefined;

  write(data: string | Buffer, encoding?: BufferEncoding): boolean;
  pipe<S extends NodeJS.WritableStream>(stream: S, options?: { end?: boolean }): S;
  on(event: string, listener: (...args: any[]) => void): this;
  once(event: string, listener: (...args: any[]) => void): this;
  toJSON(): { method: string; url: string; data?: string | object; headers: Record<string, unknown> };
}

/** Begins a request of that verb. */
export type Verb = <T = any>(path: string) => Test<T>;

/** The verbs of HTTP, as methods. */
export interface Verbs {
  readonly get: Verb;
  readonly post: Verb;
  readonly put: Verb;
  readonly patch: Verb;
  readonly delete: Verb;
  readonly del: Verb;
  readonly head: Verb;
  readonly options: Verb;
  readonly trace: Verb;
  readonly connect: Verb;
  readonly copy: Verb;
  readonly link: Verb;
  readonly lock: Verb;
  readonly mkcol: Verb;
  readonly move: Verb;
  readonly propfind: Verb;
  readonly proppatch: Verb;
  readonly purge: Verb;
  readonly report: Verb;
  readonly search: Verb;
  readonly subscribe: Verb;
  readonly unlink: Verb;
  readonly unlock: Verb;
  readonly unsubscribe: Verb;
  readonly 'm-search': Verb;
}

/** A user with cookies: what one answer sets, the next request sends. Its settings go into each request. */
export interface Agent extends Verbs {
  /** superagent's cookie jar (the package `cookiejar`). */
  readonly jar: any;
  /** Sets the `Host` header of all requests. */
  host(host: string): this;
  set(field: string, value: string | number): this;
  set(fields: Readonly<Record<string, string | number>>): this;
  query(value: string | Readonly<Record<string, any>>): this;
  type(type: string): this;
  accept(type: string): this;
  auth(token: string, options: { readonly type: 'bearer' }): this;
  auth(user: string, password?: string, options?: { readonly type: 'basic' | 'auto' }): this;
  timeout(ms: number | { readonly deadline?: number; readonly response?: number }): this;
  redirects(count: number): this;
  retry(count?: number, callback?: (error: any, response: Response) => boolean | undefined | null): this;
  ok(accept: (response: Response) => boolean): this;
  buffer(buffer?: boolean): this;
  parse(parser: Parser): this;
  serialize(serializer: (value: any) => string): this;
  sortQuery(sort?: boolean | ((a: string, b: string) => number)): this;
  use(plugin: (request: Test) => void): this;
  on(event: string, listener: (...args: any[]) => void): this;
  withCredentials(on?: boolean): this;
}

/** `request`, the default export. */
export interface RequestFunction {
  (app: App, options?: Options): Verbs;
  readonly agent: AgentFunction;
  readonly Test: new (app: App, method: string, path: string, http2?: boolean) => Test;
  /** supertest 7's expectations of cookies; undefined in supertest 6. */
  readonly cookies: any;
}

/** `request.agent`; `new` is allowed and not needed. */
export interface AgentFunction {
  (app: App, options?: AgentOptions): Agent;
  new (app: App, options?: AgentOptions): Agent;
}

/* eslint-enable @typescript-eslint/no-explicit-any */
