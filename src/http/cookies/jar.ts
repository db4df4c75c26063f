import type { Cookie, CookieJar } from 'tough-cookie';
import { formatTarget } from '../request/target.js';
import type { Target } from '../request/target.js';
import { toughCookie } from './tough-cookie.js';

// Hosts of tests have invented names (`shop.test`), and `localhost` counts as any other host: a
// Secure cookie needs an https:// URL, as it does where the app is deployed.
const OPTIONS = { allowSecureOnLocal: false, allowSpecialUseDomain: true, rejectPublicSuffixes: false } as const;

/** What a jar held at some moment; undefined when nothing was ever stored. */
export type JarContent = readonly Cookie[] | undefined;

/** The cookies of one user: stored and sent by the rules of browsers (RFC 6265). */
export class UserJar {
  // Made by the first cookie: most tests of most suites have none.
  #jar: CookieJar | undefined;

  /** Takes what an answer sets; as browsers do, without a word about what is malformed or not allowed. */
  store(target: Target, setCookies: readonly string[]): void {
    const url = formatTarget(target);
    this.#jar ??= newJar();
    for (const each of setCookies) this.#jar.setCookieSync(each, url, { ignoreError: true });
  }

  /** Puts a cookie in as if `url` had set it. */
  set(cookie: Cookie, url: string): void {
    this.#jar ??= newJar();
    this.#jar.setCookieSync(cookie, url);
  }

  /** The cookies for a request to `url`, in the order in which they are sent. */
  for(url: string): { readonly name: string; readonly value: string }[] {
    return this.#jar?.getCookiesSync(url).map(({ key, value }) => ({ name: key, value })) ?? [];
  }

  /** The Cookie header for a request; `extra` goes before the jar's own. Undefined for none. */
  header(target: Target, extra: ReadonlyMap<string, string | null> | undefined): string | undefined {
    if (this.#jar === undefined && extra === undefined) return undefined;

    const sent: string[] = [];
    for (const [name, value] of extra ?? []) if (value !== null) sent.push(`${name}=${value}`);
    for (const { name, value } of this.for(formatTarget(target))) if (!extra?.has(name)) sent.push(`${name}=${value}`);
    return sent.length === 0 ? undefined : sent.join('; ');
  }

  get content(): JarContent {
    if (this.#jar === undefined) return undefined;

    const content: Cookie[] = [];
    // The store in memory calls back at once.
    this.#jar.store.getAllCookies((_error, cookies) => void content.push(...(cookies ?? [])));
    return content.flatMap((cookie) => cookie.clone() ?? []);
  }

  set content(content: JarContent) {
    this.#jar = content === undefined ? undefined : newJar();
    for (const cookie of content ?? []) this.#jar?.store.putCookie(cookie.clone() ?? cookie, () => undefined);
  }
}

/** A cookie for every path of the host that sets it. */
export function plainCookie(name: string, value: string): Cookie {
  return new (toughCookie().Cookie)({ key: name, value, path: '/' });
}

function newJar(): CookieJar {
  return new (toughCookie().CookieJar)(undefined, OPTIONS);
}
