import type { ClientRequest } from 'node:http';
import { noteAnswer } from '../failed-answers.js';
import type { Failure, FailureSink } from '../failures.js';
import { MemorySocket } from '../memory/socket.js';
import type { RaiseServerErrors } from '../options.js';
import { excerpt } from '../parse.js';
import { ledger, type Entry } from './ledger.js';
import type { AppLine } from './line.js';
import type { PlainResponse, PlainTest } from './shape.js';
import { now } from '../../real-time.js';

/** How a request ended. */
export type Outcome =
  | { readonly kind: 'answered'; readonly response: PlainResponse }
  | { readonly kind: 'failed'; readonly error: unknown };

/** What a request goes by, apart from supertest's own transport over TCP. */
export interface Route {
  readonly line: AppLine;
  /** Scheme and host of the app's URLs; what is redirected elsewhere goes over the network. */
  readonly origin: string;
}

const passages = new WeakMap<PlainTest, Passage>();

/** To be called in the moment the request is built. */
export function keepPassage(test: PlainTest, passage: Passage): void {
  passages.set(test, passage);
}

/** The passage of a request that was built through `lockstep/supertest`. */
export function passageOf(test: PlainTest): Passage {
  return passages.get(test) as Passage;
}

/** One request's way from being built to its answer, kept beside the supertest object. */
export class Passage implements Entry, FailureSink {
  readonly label: string;
  readonly built: Error;
  readonly route: Route | undefined;
  readonly #raise: RaiseServerErrors | undefined;
  /** Settles when the answer is there and the expectations that waited for it have been checked. */
  promise: Promise<PlainResponse> | undefined;
  outcome: Outcome | undefined;
  /** The request's own headers, which superagent keeps under the name of the answer's. */
  header: Record<string, unknown>;
  /** What superagent itself keeps as its response. */
  response: PlainResponse | undefined;
  /** The app's error that no call of the test has thrown or expected yet. */
  unreported: { readonly error: unknown } | undefined;

  readonly #test: PlainTest;
  #inside = 0;
  #sent: number | undefined;
  #failure: Failure | undefined;
  #logged: { end(): void } | undefined;

  constructor(
    test: PlainTest,
    path: string,
    route: Route | undefined,
    raise: RaiseServerErrors | undefined,
    built: Error,
  ) {
    this.#test = test;
    this.label = `${test.method} ${path}`;
    this.built = built;
    this.route = route;
    this.#raise = raise;
    this.header = test.header;
    ledger.unsent.add(this);
  }

  get sent(): boolean {
    return this.#sent !== undefined;
  }

  /** Whether supertest's own code is running, whose calls are not the test's. */
  get inside(): boolean {
    return this.#inside > 0;
  }

  /** Whether an error of the app is still this request's. */
  get pending(): boolean {
    return this.outcome === undefined;
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  fail(failure: Failure): void {
    if (this.#failure?.kind !== 'unhandled') this.#failure = failure;
  }

  /** Runs code of supertest. */
  within<T>(run: () => T): T {
    this.#inside += 1;
    try {
      return run();
    } finally {
      this.#inside -= 1;
    }
  }

  send(promise: Promise<PlainResponse>): void {
    this.promise = promise;
    this.#sent = now();
    this.#logged = ledger.logged?.(this.label);
    ledger.unsent.delete(this);
    ledger.inFlight.add(this);
    if (this.route !== undefined) ledger.failures.add(this.route.line.failures);
  }

  /** Leads errors of the app on this connection here. */
  carry(request: ClientRequest): void {
    request.once('socket', (socket: unknown) => {
      if (socket instanceof MemorySocket) this.route?.line.failures.carry(socket, this);
    });
  }

  end(outcome: Outcome): void {
    ledger.inFlight.delete(this);
    ledger.unsent.delete(this);
    this.#logged?.end();
    if (this.outcome !== undefined) return;

    this.outcome = outcome;
    if (outcome.kind !== 'answered') return;

    this.unreported = this.#toRaise(outcome.response);
    const { status, text } = outcome.response;
    const body = typeof text === 'string' && status >= 500 ? excerpt(text) : '';
    noteAnswer({ label: this.label, status, error: this.#failure?.error, body });
  }

  describe(): string {
    const elapsed = `after ${Math.round(now() - (this.#sent ?? now()))} ms`;
    return `${this.label} (supertest): no complete answer ${elapsed}`;
  }

  abort(): void {
    this.#test.abort();
  }

  #toRaise({ status }: PlainResponse): { readonly error: unknown } | undefined {
    const failure = this.#failure;
    const raise = this.#raise ?? ledger.raise;
    if (raise === false || failure === undefined) return undefined;

    const unhandled = failure.kind === 'unhandled' && (status >= 500 || failure.late);
    return unhandled || (raise === '5xx' && status >= 500) ? { error: failure.error } : undefined;
  }
}
