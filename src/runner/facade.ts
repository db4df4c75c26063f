import type { Client } from '../http/index.js';
import type { Session } from '../session/index.js';
import { running } from './current.js';
import type { Lifecycle } from './lifecycle.js';

/** The names of an object's methods, and of its other properties. */
interface Members<T> {
  readonly methods: readonly (keyof T & string)[];
  readonly properties: readonly (keyof T & string)[];
}

/**
 * The running test's session. Its methods may be taken off it at a file's top level
 * (`const { get, insert } = session`); only calling them needs a running test.
 *
 * @throws NotRunningError outside tests and hooks.
 * @throws ConfigError when the config has no database.
 */
export const session: Session = facade<Session>('session', (lifecycle) => lifecycle.session, {
  methods: ['get', 'all', 'run', 'exec', 'sql', 'transaction', 'savepoint', 'rollback', 'commit', 'insert', 'count'],
  properties: [],
});

/**
 * The running test's HTTP client, over the config's app. The app is started by the first request.
 *
 * @throws NotRunningError outside tests and hooks.
 * @throws ConfigError when the config has no app.
 */
export const client: Client = facade<Client>('client', (lifecycle) => lifecycle.client, {
  methods: [
    'get',
    'head',
    'post',
    'put',
    'patch',
    'delete',
    'options',
    'request',
    'all',
    'as',
    'stream',
    'sse',
    'ws',
    'settle',
    'origin',
  ],
  properties: ['async', 'cookies', 'agent'],
});

/** An object that stands for one that exists only while tests run. */
function facade<T extends object>(name: string, pick: (lifecycle: Lifecycle) => T, members: Members<T>): T {
  const target: Record<string, unknown> = {};

  for (const method of members.methods) {
    target[method] = (...args: unknown[]): unknown => {
      const real = pick(running(`${name}.${method}`));
      // Applied to the real object, so that its private state is reachable.
      return Reflect.apply(real[method] as (...args: unknown[]) => unknown, real, args);
    };
  }
  for (const property of members.properties) {
    Object.defineProperty(target, property, {
      enumerable: true,
      get: () => pick(running(`${name}.${property}`))[property],
    });
  }
  return Object.freeze(target) as T;
}
