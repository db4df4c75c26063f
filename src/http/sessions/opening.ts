import type { IncomingMessage } from 'node:http';
import type { InFlight } from '../call.js';
import { collect } from '../collect.js';
import type { Deadline } from '../deadline.js';
import { Exchange } from '../exchange.js';
import { noteAnswer } from '../failed-answers.js';
import { lateError } from '../late.js';
import type { RequestOptions } from '../options.js';
import { MAX_REDIRECTS, redirected, tooManyRedirects } from '../redirect.js';
import { withCookies } from '../request/cookies.js';
import type { PlannedRequest } from '../request/plan.js';
import { formatTarget } from '../request/target.js';
import { obey } from '../signal.js';
import { Starting } from '../starting.js';
import type { User } from '../user.js';
import { clearTimeout, now, setTimeout } from '../../real-time.js';

/** An answer whose head has arrived and whose body is still to be read. */
export interface Opened {
  readonly exchange: Exchange<IncomingMessage>;
  readonly message: IncomingMessage;
  readonly request: PlannedRequest;
  readonly url: string;
}

/** The beginning of a streamed answer: sends the request, follows redirects, waits for the head. */
export class Opening implements InFlight {
  readonly label: string;
  readonly response: Promise<Opened>;

  readonly #user: User;
  readonly #began = now();
  readonly #starting = new Starting();
  #exchange: Exchange<IncomingMessage> | undefined;
  #aborted: Error | undefined;

  constructor(user: User, request: PlannedRequest, options: RequestOptions, deadline: Deadline | undefined) {
    this.label = `${request.method} ${request.target.path}`;
    this.#user = user;
    user.desk.calls.add(this);

    const followed = options.followRedirects ?? user.defaults.followRedirects;
    const raise = options.raiseServerErrors ?? user.defaults.raiseServerErrors;
    this.response = this.#open(request, followed, raise !== false).finally(() => user.desk.calls.delete(this));
    this.response.catch(() => undefined);
    if (deadline !== undefined) this.#limit(deadline);
    if (options.signal !== undefined) {
      const release = obey(options.signal, (reason) => this.abort(reason));
      this.response.then(release, release);
    }
  }

  describe(): string {
    const state = this.#exchange === undefined ? 'the app is still starting' : 'no response';
    return `${this.label}: ${state} after ${Math.round(now() - this.#began)} ms`;
  }

  abort(reason: Error): void {
    this.#aborted = reason;
    this.#starting.giveUp(reason);
    this.#exchange?.abort(reason);
  }

  async #open(first: PlannedRequest, followed: boolean, raised: boolean): Promise<Opened> {
    const { desk, jar } = this.#user;
    const line = desk.line ?? (await this.#starting.wait(desk));

    const path: string[] = [];
    for (let planned = first; ;) {
      if (this.#aborted !== undefined) throw this.#aborted;
      const request = withCookies(planned, jar);
      const exchange = new Exchange<IncomingMessage>(line, request, (message, settle) => settle(message));
      this.#exchange = exchange;
      const message = await exchange.answer.catch((error: unknown) => {
        throw exchange.failure === undefined || this.#aborted !== undefined ? error : exchange.failure.error;
      });

      const { statusCode: status = 0, headers } = message;
      noteAnswer({ label: exchange.label, status, error: exchange.failure?.error, body: '' });
      if (headers['set-cookie'] !== undefined) jar.store(request.target, headers['set-cookie']);
      if (raised && status >= 500 && exchange.failure?.kind === 'unhandled') {
        await new Promise<void>((resolve) =>
          collect(
            message,
            () => resolve(),
            () => resolve(),
          ),
        );
        throw exchange.takeFailure()?.error;
      }

      const next = followed ? redirected(planned, status, headers.location) : undefined;
      const url = formatTarget(request.target);
      if (next === undefined) return { exchange, message, request, url };
      message.resume();
      path.push(`${url} -> ${headers.location}`);
      if (path.length > MAX_REDIRECTS) throw tooManyRedirects(this.label, path);
      planned = next;
    }
  }

  #limit(deadline: Deadline): void {
    const timer = setTimeout(() => {
      this.abort(
        lateError(deadline, {
          sentence: this.describe(),
          why: 'The handler has neither answered nor failed.',
          remedy: 'Look for a handler that writes nothing: the head is sent with the first byte, or by flushHeaders().',
        }),
      );
    }, deadline.ms);
    if (!deadline.own) timer.unref();
    const clear = (): void => clearTimeout(timer);
    this.response.then(clear, clear);
  }
}
