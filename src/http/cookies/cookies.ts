import { RequestError } from '../../errors.js';
import { describe } from '../request/describe.js';
import { checkNames } from '../request/names.js';
import { readTarget, formatTarget } from '../request/target.js';
import { readCookies } from './check.js';
import type { UserJar } from './jar.js';
import { toughCookie } from './tough-cookie.js';

/** Where a cookie that a test sets is valid. */
export interface CookieScope {
  /** Default `/`. */
  readonly path?: string | undefined;
  /** Only sent to `https://` URLs. Default `false`. */
  readonly secure?: boolean | undefined;
  /** The host that it is for. Default `localhost`. */
  readonly host?: string | undefined;
}

/**
 * A client's cookie jar, as tests see it. It is filled by the app's `Set-Cookie` headers; what a test
 * or the hooks of a `describe` brought in is gone when that test or `describe` ends.
 */
export class Cookies {
  readonly #jar: UserJar;
  readonly #base: string;

  /** @param base URL that the client's paths are under. */
  constructor(jar: UserJar, base: string) {
    this.#jar = jar;
    this.#base = base;
  }

  /** The value that would be sent to `url`. Default: the client's base URL. */
  get(name: string, url?: string): string | undefined {
    return this.#for(url).find((cookie) => cookie.name === name)?.value;
  }

  /** All that would be sent to `url`, by name. */
  all(url?: string): Record<string, string> {
    return Object.fromEntries(this.#for(url).map(({ name, value }) => [name, value]));
  }

  /** @throws RequestError for a name or value that a cookie cannot have. */
  set(name: string, value: string | number | boolean, scope: CookieScope = {}): void {
    checkNames('client.cookies.set', scope, ['path', 'secure', 'host']);
    const { path = '/', secure = false, host } = scope;
    const text = readCookies('client.cookies.set', { [name]: value }).get(name);
    if (typeof path !== 'string' || !path.startsWith('/')) {
      throw new RequestError({
        what: `client.cookies.set: the path of ${name} is ${describe(path)}.`,
        remedy: "Begin it with '/'.",
      });
    }

    const base = new URL(this.#base);
    const url = `https://${host ?? base.host}${path}`;
    this.#jar.set(new (toughCookie().Cookie)({ key: name, value: text ?? '', path, secure }), url);
  }

  clear(): void {
    this.#jar.content = undefined;
  }

  #for(url = '/'): { readonly name: string; readonly value: string }[] {
    const target = readTarget('client.cookies', url, undefined, this.#base);
    return this.#jar.for(formatTarget(target));
  }
}
