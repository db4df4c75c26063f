import { RequestError } from '../../errors.js';
import { describe } from '../request/describe.js';
import { Passage } from './passage.js';
import type { PlainTest, SupertestCopy, Verbs } from './shape.js';
import { syncTestsOf, type SyncTests } from './sync-test.js';
import { targetOf, type Target } from './target.js';

/** supertest's API over one copy of it, without its types. */
export interface BoundSupertest {
  request(app: unknown, options?: object): object;
  agent(app: unknown, options?: object): object;
  readonly Test: unknown;
  readonly cookies: unknown;
}

/** Makes the requests of one copy of supertest synchronous. */
export function bindSupertest(copy: SupertestCopy): BoundSupertest {
  const { supertest } = copy;
  const tests = syncTestsOf(copy);
  const inMemory = new Map<unknown, Verbs>();

  /** The verbs in memory need no server of their own, so they are the same for all apps. */
  function verbsFor({ plain, route }: Target, options: object | undefined): Verbs {
    if (route === undefined || options !== undefined) return supertest(plain, options);

    const known = inMemory.get(plain) ?? supertest(plain);
    inMemory.set(plain, known);
    return known;
  }

  class Requests {
    readonly #target: Target;
    readonly #verbs: Verbs;

    constructor(target: Target, options: object | undefined) {
      this.#target = target;
      this.#verbs = verbsFor(target, options);
    }

    build(verb: string, path: string): PlainTest {
      checkPath(this.#target, verb, path);
      return adopt(tests, (this.#verbs[verb] as Verbs[string])(path), path, this.#target);
    }
  }

  class Agent extends supertest.agent {
    readonly #target: Target;

    constructor(app: unknown, options: object | undefined) {
      const target = targetOf('request.agent()', app, options);
      super(target.plain, options);
      this.#target = target;
    }

    build(verb: string, path: string, build: Verbs[string]): PlainTest {
      checkPath(this.#target, verb, path);
      return adopt(tests, build.call(this, path), path, this.#target);
    }
  }

  for (const verb of Object.keys(supertest('http://127.0.0.1'))) {
    define(Requests.prototype, verb, function (this: Requests, path) {
      return this.build(verb, path);
    });

    // An agent's .query() is no verb, whatever Node has.
    const build = (supertest.agent.prototype as unknown as Verbs)[verb];
    if (build === undefined || verb === 'query') continue;
    define(Agent.prototype, verb, function (this: Agent, path) {
      return this.build(verb, path, build);
    });
  }

  function Test(app: unknown, method: string, path: string, http2 = false): PlainTest {
    const target = targetOf('new Test()', app, { http2 });
    checkPath(target, method, path);

    return adopt(tests, new supertest.Test(target.plain, method, path, http2), path, target);
  }
  Object.defineProperty(Test, 'prototype', { value: tests.prototype });

  return {
    request: (app, options) => new Requests(targetOf('request()', app, options), options),
    agent: (app, options) => new Agent(app, options),
    Test,
    cookies: supertest.cookies,
  };
}

function adopt(tests: SyncTests, test: PlainTest, path: string, target: Target): PlainTest {
  if (target.route !== undefined) test.app = target.app;
  tests.adopt(test, new Passage(test, path, target.route, target.raise, new Error('built here')));
  return test;
}

function checkPath({ route }: Target, verb: string, path: unknown): void {
  if (typeof path === 'string' && (route === undefined || path === '' || '/?#'.includes(path.charAt(0)))) return;

  throw new RequestError({
    what: `.${verb}(${describe(path)}): that is no path of the app.`,
    why: 'A path is a string that begins with a slash.',
    remedy: typeof path === 'string' && !path.includes('://') ? `Write .${verb}('/${path}').` : '',
  });
}

function define(prototype: object, verb: string, value: (path: string) => PlainTest): void {
  Object.defineProperty(prototype, verb, { value, configurable: true, writable: true });
}
