import http from 'node:http';
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { RequestError, UpgradeError } from '../../errors.js';
import type { InFlight } from '../call.js';
import { openRequest } from '../client-request.js';
import { collect } from '../collect.js';
import type { Answer } from '../collect.js';
import type { Deadline } from '../deadline.js';
import { brokenOff } from '../exchange.js';
import type { Line } from '../exchange.js';
import { noteAnswer } from '../failed-answers.js';
import type { Failure, FailureSink } from '../failures.js';
import { lateError } from '../late.js';
import { excerpt } from '../parse.js';
import { withCookies } from '../request/cookies.js';
import type { PlannedRequest } from '../request/plan.js';
import { Starting } from '../starting.js';
import type { User } from '../user.js';
import { WebSocketCore } from './web-socket-core.js';
import { clearTimeout, now, setTimeout } from '../../real-time.js';
import { lazily } from '../../lazily.js';

const ws = lazily<typeof WebSocket>('ws');

/** The handshake of a WebSocket. */
export class WebSocketOpening implements InFlight, FailureSink {
  readonly label: string;
  readonly response: Promise<WebSocketCore>;

  readonly #began = now();
  readonly #starting = new Starting();
  #socket: WebSocket | undefined;
  #failure: Failure | undefined;
  #settled = false;
  #fail: (error: unknown) => void = () => undefined;

  constructor(user: User, request: PlannedRequest, protocols: readonly string[], deadline: Deadline | undefined) {
    this.label = `WebSocket ${request.target.path}`;
    user.desk.calls.add(this);
    this.response = this.#open(user, request, protocols).finally(() => {
      this.#settled = true;
      user.desk.calls.delete(this);
    });
    this.response.catch(() => undefined);
    if (deadline !== undefined) this.#limit(deadline);
  }

  get pending(): boolean {
    return !this.#settled;
  }

  fail(failure: Failure): void {
    if (this.#failure?.kind !== 'unhandled') this.#failure = failure;
  }

  describe(): string {
    const state = this.#socket === undefined ? 'the app is still starting' : 'no answer to the handshake';
    return `${this.label}: ${state} after ${Math.round(now() - this.#began)} ms`;
  }

  abort(reason: Error): void {
    this.#starting.giveUp(reason);
    this.#fail(reason);
    this.#socket?.terminate();
  }

  async #open(user: User, planned: PlannedRequest, protocols: readonly string[]): Promise<WebSocketCore> {
    const line = user.desk.line ?? (await this.#starting.wait(user.desk));
    const request = withCookies(planned, user.jar);

    return new Promise((resolve, reject) => {
      this.#fail = reject;
      const socket = this.#connect(line, request, protocols);
      this.#socket = socket;
      const keep = ({ headers }: IncomingMessage): void => {
        if (headers['set-cookie'] !== undefined) user.jar.store(request.target, headers['set-cookie']);
      };

      socket.once('upgrade', keep);
      socket.once('open', () => {
        // At once: what the app sends first arrives in this very tick.
        const core: WebSocketCore = new WebSocketCore(this.label, socket, () => user.desk.sessions.forget(core));
        user.desk.sessions.keep(core);
        resolve(core);
      });
      socket.once('unexpected-response', (_request: ClientRequest, message: IncomingMessage) => {
        keep(message);
        collect(
          message,
          (answer) => this.#fail(this.#refused(answer)),
          (cause) => reject(brokenOff(this.label, cause)),
        );
      });
      socket.on('error', (cause) => this.#fail(this.#unhandled() ?? brokenOff(this.label, cause)));
    });
  }

  #connect(line: Line, { target, headers, clientAddress }: PlannedRequest, protocols: readonly string[]): WebSocket {
    const agent: Agent = line.agents[target.scheme];
    const options = {
      agent,
      // A handshake has no body that could be encoded.
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'accept-encoding')),
      perMessageDeflate: false,
      // Read by the agent, as it is by net.connect; not in the types of ws.
      ...(clientAddress === undefined ? {} : { localAddress: clientAddress }),
      finishRequest: (request: ClientRequest): void => {
        request.once('socket', (socket) => line.failures.carry(socket, this));
        request.end();
      },
    };

    // ws takes `http.request` when it connects, and a network blocker may have put its own in that
    // place. Nothing of this goes over a network.
    const { request } = http;
    http.request = openRequest as typeof request;
    try {
      return new (ws())(`ws://localhost${target.path}`, [...protocols], options);
    } catch (cause) {
      throw new RequestError({
        what: `${this.label}: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      });
    } finally {
      http.request = request;
    }
  }

  #unhandled(): unknown {
    return this.#failure?.kind === 'unhandled' ? this.#failure.error : undefined;
  }

  #refused(answer: Answer): unknown {
    const { status, statusText, headers, bytes } = answer;
    const text = bytes.toString('utf8');
    noteAnswer({ label: this.label, status, error: this.#failure?.error, body: excerpt(text) });
    if (status >= 500 && this.#unhandled() !== undefined) return this.#unhandled();

    return new UpgradeError(
      {
        what: `${this.label}: the app refused the WebSocket with ${status} ${statusText}: ${excerpt(text)}`,
        why:
          status === 404 || status === 200
            ? 'No upgrade listener took it, so the app answered it as an ordinary GET request.'
            : '',
        remedy: 'Test a refusal by catching this error: its status, headers and text are those of the answer.',
      },
      { status, headers, text },
    );
  }

  #limit(deadline: Deadline): void {
    const timer = setTimeout(() => {
      this.abort(
        lateError(deadline, {
          sentence: this.describe(),
          why: 'An upgrade listener took the connection and neither accepted nor refused it.',
          remedy: 'Look for an upgrade listener that waits for what never comes, or give a larger timeout.',
        }),
      );
    }, deadline.ms);
    if (!deadline.own) timer.unref();
    const clear = (): void => clearTimeout(timer);
    this.response.then(clear, clear);
  }
}
