import type { ClientRequest } from 'node:http';

/** superagent's Response, as far as it is read here; what it has beside is the user's to know. */
export interface PlainResponse {
  readonly status: number;
  readonly text?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  get(field: string): string | undefined;
  readonly [property: string]: unknown;
}

/** What `.end()` calls; an error may be whatever the app threw. */
export type Finish = (error: unknown, response?: PlainResponse) => void;

/** A prepared expectation: returns or throws an Error when it is not met. */
export type Assert = (response: PlainResponse) => unknown;

/** The part of supertest's Test, and of superagent's Request below it, that is used (6 and 7 alike). */
export interface PlainTest {
  app: unknown;
  method: string;
  url: string;
  header: Record<string, unknown>;
  response?: PlainResponse | undefined;
  _asserts: Assert[];
  _agent: unknown;
  _aborted?: boolean;
  readonly piped?: boolean;
  readonly req?: ClientRequest | null;
  expect(...args: unknown[]): this;
  end(callback?: Finish): this;
  get(field: string): string | undefined;
  then<A = PlainResponse, B = never>(
    resolve?: ((response: PlainResponse) => A | PromiseLike<A>) | null,
    reject?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B>;
  assert(error: unknown, response: PlainResponse | undefined, callback?: Finish): void;
  request(): ClientRequest;
  /** superagent's end of a request. */
  callback(error: unknown, response?: PlainResponse): void;
  readonly called?: boolean;
  abort(): this;
  on(event: string, listener: (...args: never[]) => void): this;
}

export type PlainTestClass = new (app: unknown, method: string, path: string, http2?: boolean) => PlainTest;

/** `request(app)` of supertest: a method for each HTTP verb. */
export type Verbs = Record<string, (url: string) => PlainTest>;

/** supertest's TestAgent; the verbs are on its prototype. */
export type PlainAgentClass = new (app: unknown, options?: object) => { app: unknown };

/** What `require('supertest')` gives. */
export interface Supertest {
  (app: unknown, options?: object): Verbs;
  readonly Test: PlainTestClass;
  readonly agent: PlainAgentClass;
  readonly cookies?: unknown;
}

/** What superagent sends its requests with, by protocol. */
export interface Superagent {
  readonly protocols: Record<string, unknown>;
}

/** One installed copy of supertest, and of the superagent that it stands on. */
export interface SupertestCopy {
  readonly supertest: Supertest;
  readonly superagent: Superagent;
}
