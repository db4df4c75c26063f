import { isDate } from 'node:util/types';
import { toughCookie } from './tough-cookie.js';

/** A cookie as an answer set it. */
export interface ResponseCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string | undefined;
  readonly domain: string | undefined;
  /** Undefined for a cookie that lasts as long as the browser's session. */
  readonly expires: Date | undefined;
  /** Seconds. */
  readonly maxAge: number | undefined;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  /** Lower case. */
  readonly sameSite: string | undefined;
}

/** Reads the Set-Cookie headers of an answer; the malformed are left out, as browsers do. */
export function parseSetCookies(headers: readonly string[]): ResponseCookie[] {
  return headers.flatMap((header) => {
    const cookie = toughCookie().Cookie.parse(header);
    if (cookie === undefined) return [];

    const { key, value, path, domain, expires, maxAge, secure, httpOnly, sameSite } = cookie;
    return [
      {
        name: key,
        value,
        path: path ?? undefined,
        domain: domain ?? undefined,
        expires: isDate(expires) ? expires : undefined,
        maxAge: typeof maxAge === 'number' ? maxAge : undefined,
        secure,
        httpOnly,
        sameSite: sameSite?.toLowerCase(),
      },
    ];
  });
}
