/**
 * supertest whose requests wait: `import request from 'lockstep/supertest'` in place of
 * `import request from 'supertest'`.
 *
 * @example
 * ```ts
 * it('creates a provider', () => {
 *   request(app).post('/providers').send({ name: 'Erste' }).expect(201);
 *   expect(request(app).get<Provider[]>('/providers').body).to.have.length(1);
 * });
 * ```
 *
 * The requests are those of the supertest (6 or 7) that your project has installed; to an app they go
 * in memory, without a port.
 *
 * @module
 */

import { bindSupertest, type BoundSupertest } from './bind.js';
import { loadSupertest } from './load.js';
import type * as types from './types.js';

let bound: BoundSupertest | undefined;

/** supertest is looked for when it is first used, so that a missing one fails the test that needs it. */
function supertest(): BoundSupertest {
  return (bound ??= bindSupertest(loadSupertest()));
}

/**
 * A user with cookies: what one answer sets, the next request sends.
 *
 * @throws PeerMissingError when the project has no supertest.
 */
export const agent: types.AgentFunction = function agent(app: types.App, options?: types.AgentOptions): types.Agent {
  return supertest().agent(app, options) as types.Agent;
} as types.AgentFunction;

/**
 * Begins requests to an app, a server or a URL.
 *
 * @throws PeerMissingError when the project has no supertest.
 * @throws RequestError for what cannot be an app.
 */
export const request: types.RequestFunction = Object.defineProperties(
  function request(app: types.App, options?: types.Options): types.Verbs {
    return supertest().request(app, options) as types.Verbs;
  },
  {
    agent: { value: agent, enumerable: true },
    Test: { get: () => supertest().Test, enumerable: true },
    cookies: { get: () => supertest().cookies, enumerable: true },
    // For `const { request } = require('lockstep/supertest')`, which gets this function.
    request: { get: () => request, enumerable: false },
  },
) as unknown as types.RequestFunction;

/** The types under the names that they have in @types/supertest: `request.Response`, `request.Test`. */
// eslint-disable-next-line @typescript-eslint/no-namespace -- types only, for code that is written so
export declare namespace request {
  type Agent = types.Agent;
  type AgentOptions = types.AgentOptions;
  type CallbackHandler = types.CallbackHandler;
  type Options = types.Options;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in Response itself
  type Response<T = any> = types.Response<T>;
  type SuperAgentTest = types.Agent;
  type SuperTest = types.Verbs;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in Test itself
  type Test<T = any> = types.Test<T>;
}

export default request;
export { request as 'module.exports' };
export type {
  Agent,
  AgentFunction,
  AgentOptions,
  Answer,
  App,
  AppObject,
  CallbackHandler,
  Headers,
  HTTPError,
  Options,
  RequestFunction,
  RequestListener,
  Response,
  Test,
  Verb,
  Verbs,
} from './types.js';
