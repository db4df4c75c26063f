import { STATUS_CODES } from 'node:http';
import { inspect } from 'node:util';
import { RequestError, SessionUsageError } from '../errors.js';
import { parseSetCookies, type ResponseCookie } from '../http/cookies/set-cookie.js';
import { excerpt } from '../http/parse.js';
import { describe } from '../http/request/describe.js';
import type { Session } from '../session/index.js';

type HeaderValue = string | readonly string[] | undefined;

/** A response of `client`, of supertest, or of anything else that looks like one. */
interface ResponseLike {
  readonly status: number;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly text?: unknown;
  readonly body?: unknown;
  readonly method?: unknown;
  readonly url?: unknown;
  readonly history?: unknown;
  readonly redirects?: unknown;
  readonly req?: { readonly method?: unknown; readonly path?: unknown };
  readonly toCurl?: unknown;
}

/** A response as the assertions read it. */
export class Subject {
  readonly status: number;
  readonly #response: ResponseLike;

  /** @throws RequestError for what is no response. */
  constructor(assertion: string, given: unknown) {
    this.#response = responseIn(given) ?? refuse(assertion, given);
    this.status = this.#response.status;
  }

  /** `GET /path`. */
  get label(): string {
    const { method, url, req } = this.#response;
    const words = [method ?? req?.method, url ?? req?.path].filter((word) => typeof word === 'string');
    return words.join(' ') || 'the response';
  }

  /** The body as it was received; undefined when it was not kept as text. */
  get text(): string | undefined {
    const { text } = this.#response;
    return typeof text === 'string' ? text : undefined;
  }

  /** The parsed body where there is no text of it. */
  get body(): unknown {
    return this.#response.body;
  }

  header(name: string): string | undefined {
    const value = this.#values(name);
    return typeof value === 'string' ? value : value?.join(', ');
  }

  get headerNames(): string[] {
    return Object.keys(this.#response.headers);
  }

  get cookies(): readonly ResponseCookie[] {
    return parseSetCookies([this.#values('set-cookie') ?? []].flat());
  }

  /** Where the response redirects to, or where the last redirect that was followed led to. */
  get location(): string | undefined {
    const { history, redirects } = this.#response;
    if (this.status >= 300 && this.status < 400) return this.header('location');

    const last: unknown = Array.isArray(history) ? history.at(-1) : undefined;
    const followed = responseIn(last)?.headers['location'];
    if (typeof followed === 'string') return followed;
    const url: unknown = Array.isArray(redirects) ? redirects.at(-1) : undefined;
    return typeof url === 'string' ? url : undefined;
  }

  /** What the reader of a failure wants to see: status, body, how to send the request again. */
  describe(): string {
    const { toCurl } = this.#response;
    const body = this.text ?? (this.body === undefined ? '' : inspect(this.body));
    const lines = [`${this.label} answered ${named(this.status)}`, `body: ${excerpt(body)}`];

    if (typeof toCurl === 'function') lines.push(`send it again: ${String(toCurl.call(this.#response))}`);
    return lines.map((line) => `\n  ${line}`).join('');
  }

  #values(name: string): HeaderValue {
    return this.#response.headers[name.toLowerCase()];
  }
}

/** `404 Not Found`. */
export function named(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
}

/** @throws SessionUsageError for what is no session. */
export function sessionIn(assertion: string, given: unknown): Session {
  const { all, count } = (given ?? {}) as Partial<Session>;
  if (typeof all === 'function' && typeof count === 'function') return given as Session;

  throw new SessionUsageError({
    what: `expect(…).to.have.${assertion} was given ${describe(given)}.`,
    why: 'It looks into the database.',
    remedy: `Write expect(session).to.have.${assertion}(…), with session imported from 'lockstep'.`,
  });
}

function responseIn(given: unknown): ResponseLike | undefined {
  if (typeof given !== 'object' || given === null) return undefined;

  // A request of lockstep/supertest shares some names with its answer; `response` is the answer alone.
  const { response } = given as { response?: unknown };
  const answer = (typeof response === 'object' && response !== null ? response : given) as Partial<ResponseLike>;
  if (typeof answer.status !== 'number' || typeof answer.headers !== 'object') return undefined;
  if (!(answer.headers instanceof Headers)) return answer as ResponseLike;

  // What fetch() returns: its properties are accessors, its body cannot be read here.
  return { status: answer.status, url: answer.url, headers: Object.fromEntries(answer.headers) };
}

function refuse(assertion: string, given: unknown): never {
  const promised = given instanceof Promise;

  throw new RequestError({
    what: `expect(…).to.have.${assertion} was given ${describe(given)}.`,
    why: 'It needs a response, with status and headers.',
    remedy: promised
      ? 'Wait for it first: sync(promise), or await.'
      : 'Give what client.get(…) or request(app).get(…) returned.',
  });
}
