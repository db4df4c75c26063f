import type { Agent } from 'node:http';
import { Call } from './call.js';
import type { Desk } from './call.js';
import { Cookies } from './cookies/cookies.js';
import { readCookies } from './cookies/check.js';
import { plainCookie } from './cookies/jar.js';
import type { UserJar } from './cookies/jar.js';
import { deadlineOf } from './deadline.js';
import type { Deadline } from './deadline.js';
import type { RaiseServerErrors, RequestOptions, UserOptions } from './options.js';
import { addressBase, mergeHeaders, readUserOptions } from './request/user-options.js';
import { planRequest } from './request/plan.js';
import type { PlannedRequest, RequestDefaults } from './request/plan.js';
import { DeskAgent } from './transport/desk-agent.js';

/** What a client adds to each of its calls. */
export interface ClientDefaults extends RequestDefaults {
  /** Milliseconds; undefined for what is left of the running test's timeout. */
  readonly timeout: number | undefined;
  readonly raiseServerErrors: RaiseServerErrors;
  readonly followRedirects: boolean;
}

/** Makes jars and keeps an eye on them: they are emptied when the scope ends in which they were filled. */
export interface JarShelf {
  newJar(): UserJar;
}

/** @throws RequestError for options that no request could be made with. */
export function checkUser(options: UserOptions = {}): void {
  readUserOptions('client.as', options);
  readCookies('client.as', options.cookies ?? {});
}

/** Who sends requests: default headers and a cookie jar of his own, over an app that all users share. */
export class User {
  readonly desk: Desk & JarShelf;
  readonly defaults: ClientDefaults;
  readonly jar: UserJar;
  readonly cookies: Cookies;
  readonly agent: Agent;

  constructor(desk: Desk & JarShelf, defaults: ClientDefaults) {
    this.desk = desk;
    this.defaults = defaults;
    this.jar = desk.newJar();
    this.agent = new DeskAgent(desk);
    this.cookies = new Cookies(this.jar, addressBase(defaults.baseUrl));
  }

  /**
   * Another user of the same app, with a fresh jar.
   *
   * @throws RequestError for options that no request could be made with.
   */
  as(options: UserOptions): User {
    readUserOptions('client.as', options);
    const { defaults } = this;
    const { auth, headers, cookies = {}, baseUrl, clientAddress } = options;

    const user = new User(this.desk, {
      ...defaults,
      headers: mergeHeaders(defaults.headers, headers),
      auth: auth === undefined ? defaults.auth : (auth ?? undefined),
      baseUrl: baseUrl ?? defaults.baseUrl,
      clientAddress: clientAddress ?? defaults.clientAddress,
    });
    for (const [name, value] of readCookies('client.as', cookies)) {
      if (value !== null) user.jar.set(plainCookie(name, value), addressBase(user.defaults.baseUrl));
    }
    return user;
  }

  /** The deadline of a wait that no synchronous wait watches. */
  deadline(timeout: number | undefined, call: string): Deadline | undefined {
    return deadlineOf(timeout ?? this.defaults.timeout, this.desk.remaining, call);
  }

  /** @throws RequestError for a call that cannot be a request. */
  plan(method: string, url: string, options: RequestOptions): PlannedRequest {
    return planRequest(method, url, options, this.defaults);
  }

  /**
   * Checks a call; the function returned begins it.
   *
   * @param limited its name if it watches its own timeout, as no wait does it
   */
  prepare(method: string, url: string, options: RequestOptions, limited: string | undefined): () => Call {
    const request = this.plan(method, url, options);
    const { desk, defaults, jar } = this;

    return () =>
      new Call(desk, request, {
        raiseServerErrors: options.raiseServerErrors ?? defaults.raiseServerErrors,
        followRedirects: options.followRedirects ?? defaults.followRedirects,
        openapi: options.openapi ?? true,
        deadline: limited === undefined ? undefined : this.deadline(options.timeout, limited),
        signal: options.signal,
        jar,
      });
  }
}
