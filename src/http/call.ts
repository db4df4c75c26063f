import type { RequestQueries } from '../queries/index.js';
import { collect } from './collect.js';
import type { Answer } from './collect.js';
import type { UserJar } from './cookies/jar.js';
import { Exchange } from './exchange.js';
import type { Deadline } from './deadline.js';
import type { Line } from './exchange.js';
import { noteAnswer } from './failed-answers.js';
import { withCookies } from './request/cookies.js';
import { failureToThrow } from './judge.js';
import { lateError } from './late.js';
import type { RaiseServerErrors } from './options.js';
import { excerpt } from './parse.js';
import { MAX_REDIRECTS, redirected, tooManyRedirects } from './redirect.js';
import type { PlannedRequest } from './request/plan.js';
import { formatTarget } from './request/target.js';
import { Response } from './response.js';
import type { SessionShelf } from './sessions/shelf.js';
import { obey } from './signal.js';
import { Starting } from './starting.js';
import { clearTimeout, now, setTimeout } from '../real-time.js';

/** What one call wants, beside its request. */
export interface CallSettings {
  readonly raiseServerErrors: RaiseServerErrors;
  readonly followRedirects: boolean;
  /** Whether answers are compared with the OpenAPI document, where there is one. */
  readonly openapi: boolean;
  /** Only for calls that nobody else watches. */
  readonly deadline: Deadline | undefined;
  readonly signal: AbortSignal | undefined;
  /** Cookies of the user who calls. */
  readonly jar: UserJar;
}

/** Something that the app has not answered yet. */
export interface InFlight {
  readonly label: string;
  readonly response: Promise<unknown>;
  /** A sentence on how far it has come. */
  describe(): string;
  /** Ends it with `reason`. */
  abort(reason: Error): void;
}

/** What calls need of the host that they belong to. */
export interface Desk {
  /** The line to the running app; undefined before it was started. */
  readonly line: Line | undefined;
  /** Starts the app, once. */
  begin(): Promise<Line>;
  /** Calls in flight. */
  readonly calls: Set<InFlight>;
  /** Streams and WebSockets that are open. */
  readonly sessions: SessionShelf;
  /** Notes that a call begins, by its label; undefined where nobody logs the app's statements. */
  readonly queries: ((label: string) => RequestQueries) | undefined;
  /** A sentence per transaction and statement that the app has open; undefined where nobody knows. */
  readonly leftovers: (() => readonly string[]) | undefined;
  /** Milliseconds left to the running test; undefined where nobody tells. */
  readonly remaining: (() => number | undefined) | undefined;
}

/** One client call: a request, the redirects that it leads to, and the verdict on the answer. */
export class Call implements InFlight {
  /** `METHOD url`, as the test wrote it. */
  readonly label: string;
  readonly response: Promise<Response>;

  readonly #desk: Desk;
  readonly #settings: CallSettings;
  readonly #began = now();
  readonly #starting = new Starting();
  #exchange: Exchange<Answer> | undefined;
  readonly #queries: RequestQueries | undefined;
  #aborted: Error | undefined;

  constructor(desk: Desk, request: PlannedRequest, settings: CallSettings) {
    this.label = `${request.method} ${request.target.path}`;
    this.#desk = desk;
    this.#settings = settings;
    this.#queries = desk.queries?.(this.label);
    desk.calls.add(this);

    this.response = this.#run(request);
    // Whoever gave up waiting has been told why already.
    this.response.catch(() => undefined);
    if (settings.deadline !== undefined) this.#limit(settings.deadline);
    if (settings.signal !== undefined) {
      const release = obey(settings.signal, (reason) => this.abort(reason));
      this.response.then(release, release);
    }
  }

  /** A sentence on how far it has come, for the diagnostics of a wait. */
  describe(): string {
    const elapsed = `after ${Math.round(now() - this.#began)} ms`;

    if (this.#exchange === undefined) return `${this.label}: the app is still starting ${elapsed}`;
    const redirect = this.#exchange.label === this.label ? '' : ` (redirected to ${this.#exchange.label})`;
    const { status } = this.#exchange;
    if (status === undefined) return `${this.label}${redirect}: no response ${elapsed}`;
    return `${this.label}${redirect}: status ${status} arrived, the body has not ended ${elapsed}`;
  }

  /** Ends the call with `reason` if it is still in flight; the app sees the connection close. */
  abort(reason: Error): void {
    if (!this.#desk.calls.has(this)) return;

    this.#aborted = reason;
    this.#starting.giveUp(reason);
    this.#exchange?.abort(reason);
  }

  async #run(first: PlannedRequest): Promise<Response> {
    try {
      const line = this.#desk.line ?? (await this.#starting.wait(this.#desk));
      const history: Response[] = [];

      let request = first;
      for (;;) {
        const response = await this.#exchangeOne(line, request, history);
        if (!this.#settings.followRedirects) return response;
        const next = redirected(request, response.status, response.headers.location);
        if (next === undefined) return response;

        history.push(response);
        if (history.length > MAX_REDIRECTS) throw tooManyRedirects(this.label, history.map(hop));
        request = next;
      }
    } finally {
      this.#desk.calls.delete(this);
      this.#queries?.end();
    }
  }

  async #exchangeOne(line: Line, planned: PlannedRequest, history: readonly Response[]): Promise<Response> {
    if (this.#aborted !== undefined) throw this.#aborted;
    const { jar } = this.#settings;
    const request = withCookies(planned, jar);
    const exchange = new Exchange(line, request, collect);
    this.#exchange = exchange;

    let answer: Answer;
    try {
      answer = await exchange.answer;
    } catch (error) {
      const failure = exchange.takeFailure();
      // The app's own error explains a connection that broke off better than the break does.
      throw failure === undefined || this.#aborted !== undefined ? error : failure.error;
    }
    const failure = exchange.takeFailure();
    const setCookies = answer.headers['set-cookie'];
    if (setCookies !== undefined) jar.store(request.target, setCookies);

    const url = formatTarget(request.target);
    const response = new Response({
      method: request.method,
      url,
      ...answer,
      elapsed: now() - this.#began,
      history: [...history],
      serverError: failure?.error,
      informational: exchange.informational,
      sent: { method: request.method, url, headers: request.headers, body: request.body },
      queries: this.#queries,
    });
    if (answer.status >= 500) {
      const body = excerpt(answer.bytes.toString());
      noteAnswer({ label: exchange.label, status: answer.status, error: failure?.error, body });
    }
    const raised = failureToThrow(response, failure, this.#settings.raiseServerErrors);
    if (raised !== undefined) throw raised.error;
    const wrong = this.#settings.openapi ? line.openApi?.judge(response) : undefined;
    if (wrong !== undefined) throw wrong;
    return response;
  }

  #limit(deadline: Deadline): void {
    const timer = setTimeout(() => {
      this.abort(
        lateError(deadline, {
          sentence: this.describe(),
          why: 'The handler has neither answered nor failed.',
          remedy: 'Look for a callback or promise in the handler that never settles, or give a larger timeout.',
        }),
      );
    }, deadline.ms);
    // A deadline that nobody asked for must not hide that nothing is left which could end the call.
    if (!deadline.own) timer.unref();
    const clear = (): void => clearTimeout(timer);
    this.response.then(clear, clear);
  }
}

function hop({ url, headers }: Response): string {
  return `${url} -> ${headers.location}`;
}
