import type { Agent } from 'node:http';
import type { AsyncClient, Client, Cookies, UserOptions } from '../http/index.js';
import { lateAgent } from '../http/transport/late-agent.js';
import type { Session } from '../session/index.js';
import { present, running } from './current.js';
import type { Lifecycle } from './lifecycle.js';

/** Finds what a facade stands for. */
type Find<T> = (lifecycle: Lifecycle) => T;

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

/** The verbs and what else both kinds of client have. */
const CALLS = [
  ...(['get', 'head', 'post', 'put', 'patch', 'delete', 'options', 'request'] as const),
  ...(['stream', 'sse', 'ws', 'settle', 'origin'] as const),
];

const COOKIES: Members<Cookies> = { methods: ['get', 'all', 'set', 'clear'], properties: [] };

/**
 * The running test's HTTP client, over the config's app. The app is started by the first request.
 *
 * Everything that is taken off it may be taken at a file's top level: its methods, `client.async`,
 * `client.cookies`, `client.agent`, and other users by `client.as`. Only calls need a running test.
 *
 * @throws NotRunningError outside tests and hooks.
 * @throws ConfigError when the config has no app.
 */
export const client: Client = clientFacade('client', (lifecycle) => lifecycle.client);

function clientFacade(name: string, pick: Find<Client>): Client {
  let agent: Agent | undefined;

  return facade<Client>(
    name,
    pick,
    { methods: [...CALLS, 'all'], properties: [] },
    {
      async: asyncFacade(`${name}.async`, (lifecycle) => pick(lifecycle).async),
      cookies: facade(`${name}.cookies`, (lifecycle) => pick(lifecycle).cookies, COOKIES),
      get agent(): Agent {
        return (agent ??= lateAgent(() => pick(running(`${name}.agent`)).agent));
      },
      as: (options) => userOf(name, pick, options, clientFacade),
    },
  );
}

function asyncFacade(name: string, pick: Find<AsyncClient>): AsyncClient {
  return facade<AsyncClient>(
    name,
    pick,
    { methods: CALLS, properties: [] },
    {
      cookies: facade(`${name}.cookies`, (lifecycle) => pick(lifecycle).cookies, COOKIES),
      as: (options) => userOf(name, pick, options, asyncFacade),
    },
  );
}

/**
 * Another user. Made at a file's top level it stands for one that each run makes when it is used first.
 *
 * @throws RequestError for options that no request could be made with.
 */
function userOf<C extends Client | AsyncClient>(
  name: string,
  pick: Find<C>,
  options: UserOptions | undefined,
  make: (name: string, pick: Find<C>) => C,
): C {
  const lifecycle = present(`${name}.as`);
  if (lifecycle.phase === 'running') return pick(lifecycle).as(options) as C;

  lifecycle.http?.checkUser(options);
  const users = new WeakMap<object, C>();
  return make(`${name}.as(…)`, (found) => {
    const owner = pick(found);
    const user = users.get(owner) ?? (owner.as(options) as C);
    users.set(owner, user);
    return user;
  });
}

/** One for each database, and for good: they are kept in variables at the top level of files. */
const sessions = new Map<string, Session>();

function sessionOf(database: string): Session {
  const lifecycle = present('session.of');
  const { name } = lifecycle.database(database);
  if (name === lifecycle.defaultDatabase.name) return session;

  let found = sessions.get(name);
  if (found === undefined) {
    const pick: Find<Session> = (running) => running.session(running.database(name));
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
function facade<T extends object>(name: string, pick: Find<T>, members: Members<T>, own: Partial<T> = {}): T {
  const target = Object.defineProperties({}, Object.getOwnPropertyDescriptors(own)) as Record<string, unknown>;

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
