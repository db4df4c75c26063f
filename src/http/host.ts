import { AsyncResource } from 'node:async_hooks';
import { reportPending, runAsNobody } from '../bridge/index.js';
import { AppError, NotRunningError, RequestError } from '../errors.js';
import type { RequestQueries } from '../queries/index.js';
import { sentencesOf } from '../sentences.js';
import type { RunningApp } from './apps/app.js';
import { resolveApp } from './apps/resolve.js';
import type { Desk, InFlight } from './call.js';
import { Client } from './client.js';
import { Collector } from './collector.js';
import type { UserJar } from './cookies/jar.js';
import { JarStack } from './cookies/stack.js';
import type { Line } from './exchange.js';
import { Failures } from './failures.js';
import { OpenApiCheck } from './openapi/check.js';
import type { OpenApiSettings } from './openapi/document.js';
import { lendAddresses } from './http2/addresses.js';
import { Http2Lane } from './http2/lane.js';
import { isHttp2Server } from './http2/server.js';
import type { RaiseServerErrors, RequestHeaders, Transport } from './options.js';
import { checkFlag, checkRaise, checkTimeout, checkTransport } from './request/options.js';
import { readUserOptions } from './request/user-options.js';
import { SessionShelf } from './sessions/shelf.js';
import { connectTo } from './transport/agents.js';
import type { Connections } from './transport/agents.js';
import { withinStop } from './stopping.js';
import { watchOutgoing } from './settle/outgoing.js';
import { User } from './user.js';
import type { JarShelf } from './user.js';

/** What a client is made from. */
export interface ClientOptions {
  /** Called once, before the first request: returns the app, or a promise of it (see `resolveApp`). */
  readonly app: () => unknown;
  /** Default `'memory'`. */
  readonly transport?: Transport | undefined;
  /** Milliseconds for each call. Default: what is left of the running test's timeout. */
  readonly timeout?: number | undefined;
  /** Default `'unhandled'`. */
  readonly raiseServerErrors?: RaiseServerErrors | undefined;
  /** Sent with every request, unless a call gives its own. */
  readonly headers?: RequestHeaders | undefined;
  /** Put before every path that a call gives: `/api/v1` or `https://shop.test/api/v1`. */
  readonly baseUrl?: string | undefined;
  /** The IP address that the app sees as the sender's. Default `127.0.0.1`. */
  readonly clientAddress?: string | undefined;
  /** Default `true`. */
  readonly followRedirects?: boolean | undefined;
  /** The document that every answer is compared with. */
  readonly openapi?: OpenApiSettings | undefined;
  /** Notes that a call begins, and tells later what the app sent to the database, for `response.queries`. */
  readonly queries?: ((label: string) => RequestQueries) | undefined;
  /** A sentence per transaction and statement that the app has open, for `client.settle`. */
  readonly leftovers?: (() => readonly string[]) | undefined;
  /** Milliseconds left to the running test, for calls that no synchronous wait watches. */
  readonly remaining?: (() => number | undefined) | undefined;
}

/** The runner's side of a client. */
export interface ClientHost {
  /** What tests use. */
  readonly client: Client;
  /** Whether a request is in flight or a failure unreported, so that `endTest` has something to do. */
  readonly busy: boolean;
  /**
   * Starts the app, once; the first request does it as well.
   *
   * @throws AppError when the app cannot be loaded or started.
   */
  start(): Promise<void>;
  /** Remembers the cookies of all users: a test, or the fixtures of a `describe`, begins. */
  beginScope(): void;
  /** Makes the cookies what they were at the begin of the scope that ends now, and closes its streams and WebSockets. */
  endScope(): void;
  /** Closes the streams and WebSockets of the scope, so that the app can finish what belongs to them. Whether there were any. */
  closeSessions(): boolean;
  /**
   * Aborts requests still in flight. Resolves to a sentence for each of them, and for each error of
   * the app that came after its request was answered.
   */
  endTest(): Promise<string[]>;
  /** Closes all connections and stops the app. Nothing of the client keeps the process alive afterwards. */
  stop(): Promise<void>;
}

/**
 * Makes a client of an app; nothing is loaded or started before the first request or `start()`.
 *
 * @throws RequestError for options that no request could be made with.
 */
export function createClient(options: ClientOptions): ClientHost {
  const { timeout, raiseServerErrors = 'unhandled', followRedirects = true } = options;
  const { headers, baseUrl, clientAddress } = options;
  if (timeout !== undefined) checkTimeout('createClient', timeout);
  checkRaise('createClient', raiseServerErrors);
  checkFlag('createClient', 'followRedirects', followRedirects);
  checkTransport('createClient', options.transport ?? 'memory');
  readUserOptions('createClient', { headers, baseUrl, clientAddress });

  return new Host(options, (host) => {
    const defaults = { headers, baseUrl, clientAddress, timeout, raiseServerErrors, followRedirects };
    return new Client(new User(host, defaults), new Collector());
  });
}

interface Running extends Line {
  readonly app: RunningApp;
  readonly connections: Connections;
}

class Host implements ClientHost, Desk, JarShelf {
  readonly client: Client;
  readonly calls: Set<InFlight> = new Set<InFlight>();
  readonly sessions: SessionShelf = new SessionShelf();
  readonly queries: ((label: string) => RequestQueries) | undefined;
  readonly leftovers: (() => readonly string[]) | undefined;
  readonly remaining: (() => number | undefined) | undefined;

  readonly #openapi: OpenApiSettings | undefined;
  readonly #source: () => unknown;
  readonly #transport: Transport;
  readonly #jars = new JarStack();
  readonly #failures = new Failures();
  readonly #forget: () => void;
  // The first request starts the app: neither it nor the connections may inherit that test's AsyncLocalStorage.
  readonly #scope = runAsNobody(() => new AsyncResource('LockstepApp'));
  #line: Running | undefined;
  #starting: Promise<Running> | undefined;
  #stopped = false;

  constructor(options: ClientOptions, makeClient: (host: Desk & JarShelf) => Client) {
    this.#openapi = options.openapi;
    this.#source = options.app;
    this.#transport = options.transport ?? 'memory';
    this.queries = options.queries;
    this.leftovers = options.leftovers;
    this.remaining = options.remaining;
    this.client = makeClient(this);
    this.#forget = reportPending(() => [
      ...[...this.calls].map((call) => call.describe()),
      ...this.sessions.sentences(),
    ]);
  }

  get line(): Line | undefined {
    return this.#line;
  }

  get busy(): boolean {
    return this.calls.size > 0 || this.#failures.late;
  }

  async start(): Promise<void> {
    await this.begin();
  }

  begin(): Promise<Line> {
    if (this.#starting !== undefined) return this.#line === undefined ? this.#starting.catch(again) : this.#starting;
    this.#starting = this.#scope.runInAsyncScope(() => this.#run());
    return this.#starting;
  }

  newJar(): UserJar {
    return this.#jars.newJar();
  }

  beginScope(): void {
    this.#jars.begin();
    this.sessions.begin();
  }

  endScope(): void {
    this.sessions.end();
    this.#jars.end();
  }

  closeSessions(): boolean {
    return this.sessions.closeScope();
  }

  async endTest(): Promise<string[]> {
    const inFlight = await this.#abortAll('The test ended before the app had answered.');
    return [...inFlight, ...this.#failures.takeLate()];
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#forget();
    this.sessions.closeAll();
    await this.#abortAll('The client was stopped before the app had answered.');

    const running = await withinStop(
      this.#starting?.catch(() => undefined) ?? Promise.resolve(undefined),
      this.remaining,
      (ms) => ({
        what: `The app was still starting when the run ended, and ${ms} ms later.`,
        remedy:
          'Look for a promise that never settles where the app is loaded, in its start-up hooks or in lifespan.start.',
      }),
    );
    this.#line = undefined;
    if (running === undefined) return;
    running.http2?.close();
    await withinStop(
      running.connections.close().then(() => running.app.stop()),
      this.remaining,
      (ms) => ({
        what: `The app has not stopped after ${ms} ms.`,
        remedy:
          'Look for a promise that never settles in its shut-down hooks (onClose, onModuleDestroy) or in lifespan.stop.',
      }),
    );
  }

  async #run(): Promise<Running> {
    if (this.#stopped) throw stoppedError();

    watchOutgoing();
    const app = await resolveApp(this.#source, this.#failures);
    const connections = await connectTo(app.server, this.#transport, this.#scope);
    const { agents, origin } = connections;
    const openApi =
      this.#openapi &&
      (await OpenApiCheck.open(this.#openapi).catch(async (error: unknown) => {
        await connections.close();
        await app.stop();
        throw error;
      }));
    const http2 = isHttp2Server(app.server) ? new Http2Lane(agents, this.#failures) : undefined;
    if (http2) lendAddresses(app.server);
    this.#line = { app, connections, agents, origin, http2, openApi, failures: this.#failures };
    return this.#line;
  }

  /** Resolves to a sentence for each call that was in flight. */
  async #abortAll(why: string): Promise<string[]> {
    const calls = [...this.calls];
    const sentences = calls.map((call) => call.describe());

    for (const [index, call] of calls.entries()) call.abort(new RequestError({ what: sentences[index] ?? '', why }));
    await Promise.allSettled(calls.map((call) => call.response));
    return sentences;
  }
}

/** The failure of one more request, with a stack of its own: each shows the line of its own test. */
function again(error: unknown): never {
  throw error instanceof AppError ? new AppError({ what: sentencesOf(error.message), cause: error.cause }) : error;
}

function stoppedError(): NotRunningError {
  return new NotRunningError({
    what: 'A request was made after the client had been stopped.',
    remedy: 'Make requests inside tests and hooks.',
  });
}
