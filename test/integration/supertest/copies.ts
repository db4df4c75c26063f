import { createRequire } from 'node:module';
import { bindSupertest } from '#src/http/supertest/bind.js';
import { copyAt } from '#src/http/supertest/load.js';
import type { RequestFunction } from 'lockstep/supertest';

const { resolve } = createRequire(import.meta.url);

/** `request` and `agent` over each version of supertest that is supported. */
export const COPIES: readonly { readonly version: string; readonly request: RequestFunction }[] = [
  { version: 'supertest 6', request: requestOf('supertest6') },
  { version: 'supertest 7', request: requestOf('supertest') },
];

function requestOf(name: string): RequestFunction {
  const bound = bindSupertest(copyAt(resolve(name)));
  const request = (app: unknown, options?: object): object => bound.request(app, options);
  // Not an arrow function: it may be called with new.
  function agent(app: unknown, options?: object): object {
    return bound.agent(app, options);
  }

  return Object.assign(request, { agent }) as unknown as RequestFunction;
}
