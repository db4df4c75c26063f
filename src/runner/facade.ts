import type { Client } from '../http/index.js';
import type { Session } from '../session/index.js';
import { present, running } from './current.js';
import type { Lifecycle } from './lifecycle.js';

/** The names of an object's methods, and of its other properties. */
interface Members<T> {
  readonly methods: readonly (keyof T & string)[];
  readonly properties: readonly (keyof T & string)[];
}

const SESSION: Members<Session> = {
  methods: ['get', 'all', 'run', 'exec', 'sql', 'transaction', 'savepoint', 'rollback', 'commit', 'insert', 'count'],
  properties: ['queries'],
};

/**
 * The running test's session. Its methods may be taken off it at a file's top level
 * (`const { get, insert } = session`); only calling them needs a running test.
 *
 * @throws NotRunningError outside tests and hooks.
 * @throws ConfigError when the config has no database.
 */
export const session: Session = facade<Session>('session', (lifecycle) => lifecycle.session(), SESSION, {
  of: sessionOf,
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

/** One for each database, and for good: they are kept in variables at the top level of files. */
const sessions = new Map<string, Session>();

function sessionOf(database: string): Session {
  const lifecycle = present('session.of');
  const { name } = lifecycle.database(database);
  if (name === lifecycle.defaultDatabase.name) return session;

  let found = sessions.get(name);
  if (found === undefined) {
    const pick = (running: Lifecycle): Session => running.session(running.database(name));
    found = facade<Session>(`session.of('${name}')`, pick, SESSION, { of: sessionOf });
    sessions.set(name, found);
  }
  return found;
}

/**
 * An object that stands for one that exists only while tests run.
 *
 * @param own members that need no running test
 */
function facade<T extends object>(
  name: string,
  pick: (lifecycle: Lifecycle) => T,
  members: Members<T>,
  own: Partial<T> = {},
): T {
  const target: Record<string, unknown> = { ...own };

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
