/**
 * `lockstep/hono`: paths, inputs and outputs of a Hono app's routes, as types of the client's calls.
 *
 * @example
 * ```ts
 * import { client } from 'lockstep';
 * import { typed } from 'lockstep/hono';
 * import type { app } from '../src/app.js';
 *
 * const api = typed<typeof app>(client);
 * const res = api.get('/users/:id', { param: { id: '1' } });
 * res.body.name; // as the handler's c.json() says
 * ```
 *
 * Only types: nothing is checked when a test runs. `app` has to be the value of the chained calls
 * (`new Hono().get(…).post(…)`), as Hono's own RPC client wants it.
 *
 * @module
 */

import type { ExtractSchema } from 'hono/types';
import { RequestError } from '../../errors.js';
import type { AsyncClient } from '../async-client.js';
import type { Client } from '../client.js';
import type { Fields, RequestOptions } from '../options.js';
import type { Response } from '../response.js';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options';

/** The paths that have a handler for a method. */
type PathsOf<S, M extends Method> = { [P in keyof S]: `$${M}` extends keyof S[P] ? P : never }[keyof S] & string;

type EndpointOf<S, P extends keyof S, M extends Method> = `$${M}` extends keyof S[P] ? S[P][`$${M}`] : never;

type InputOf<E> = E extends { input: infer I } ? I : never;
type OutputOf<E> = E extends { output: infer O } ? O : never;

/** Parts of the input that the client sends; what a validator demands is demanded here. */
type Part<I, K extends string> = K extends keyof I ? { readonly [N in K]: I[K] } : unknown;

/** What a typed call takes: `param`, `query`, `json` and `form` as the route declares them, and the client's own. */
export type TypedOptions<I> = Omit<RequestOptions, 'params' | 'json' | 'form' | 'body' | 'files'> &
  Part<I, 'param'> &
  Part<I, 'query'> &
  Part<I, 'json'> &
  Part<I, 'form'>;

/** Options may be left out where the route demands nothing. */
type Rest<I> = object extends TypedOptions<I> ? [options?: TypedOptions<I>] : [options: TypedOptions<I>];

type SyncCall<S, M extends Method> = <P extends PathsOf<S, M>>(
  path: P,
  ...rest: Rest<InputOf<EndpointOf<S, P, M>>>
) => Response<OutputOf<EndpointOf<S, P, M>>>;

type AsyncCall<S, M extends Method> = <P extends PathsOf<S, M>>(
  path: P,
  ...rest: Rest<InputOf<EndpointOf<S, P, M>>>
) => Promise<Response<OutputOf<EndpointOf<S, P, M>>>>;

/** The client's calls, with the routes of a Hono app as their types. */
export type TypedClient<App> = { readonly [M in Method]: SyncCall<ExtractSchema<App>, M> };

/** The same with promises. */
export type TypedAsyncClient<App> = { readonly [M in Method]: AsyncCall<ExtractSchema<App>, M> };

interface Options extends Omit<RequestOptions, 'params'> {
  readonly param?: Readonly<Record<string, string>>;
  readonly query?: Fields;
}

const METHODS: readonly Method[] = ['get', 'post', 'put', 'patch', 'delete', 'options'];

/**
 * A view of the client that knows the app's routes.
 *
 * @throws RequestError from a call that leaves out a parameter of its path.
 */
export function typed<App>(client: AsyncClient): TypedAsyncClient<App>;
export function typed<App>(client: Client): TypedClient<App>;
export function typed(client: Client | AsyncClient): unknown {
  const call =
    (method: Method) =>
    (path: string, options: Options = {}) => {
      const { param, query, ...rest } = options;
      const url = fillIn(method, path, param ?? {});
      return client.request(method.toUpperCase(), url, query === undefined ? rest : { ...rest, params: query });
    };

  return Object.fromEntries(METHODS.map((method) => [method, call(method)]));
}

/** Hono writes parameters as `:id`, `:id?` and `:id{[0-9]+}`. */
function fillIn(method: Method, path: string, param: Readonly<Record<string, string>>): string {
  return path.replace(/\/:(\w+)(?:\{[^/]*\})?(\?)?/g, (_, name: string, optional: string | undefined) => {
    const value = param[name];
    if (value !== undefined) return `/${encodeURIComponent(value)}`;
    if (optional !== undefined) return '';

    throw new RequestError({
      what: `${method.toUpperCase()} ${path}: the parameter ${name} is missing.`,
      remedy: `Give it as { param: { ${name}: '…' } }.`,
    });
  });
}
