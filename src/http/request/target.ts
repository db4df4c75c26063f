import { RequestError } from '../../errors.js';
import { describe } from './describe.js';
import { encodeFields } from './fields.js';
import type { Fields } from '../options.js';

/** Where a request goes. The app answers for every host; `host` only becomes the Host header. */
export interface Target {
  readonly scheme: 'http' | 'https';
  /** Host name, with the port where one was given. */
  readonly host: string;
  /** Path and query, as sent in the request line. */
  readonly path: string;
}

const DEFAULT: Target = { scheme: 'http', host: 'localhost', path: '/' };

/**
 * Reads a path (`/users?page=2`) or an absolute `http:`/`https:` URL.
 *
 * A path is sent as it was written (`/a/../b` and `//a` stay), so that an app's own handling of such
 * paths can be tested; only what a request line cannot carry is percent-encoded.
 *
 * @throws RequestError for anything else.
 */
export function readTarget(
  label: string,
  url: unknown,
  params: Fields | URLSearchParams | undefined,
  base?: string,
): Target {
  if (typeof url !== 'string') {
    throw new RequestError({
      what: `${label}: the URL is ${describe(url)}.`,
      remedy: "Give a string that begins with '/', e.g. client.get('/users').",
    });
  }
  if (/[\x00-\x1f\x7f]/.test(url)) {
    throw new RequestError({
      what: `${label}: the URL contains a control character: ${describe(url)}.`,
      why: 'A line break would end the request line and begin a header (header injection).',
      remedy: 'Remove it, or percent-encode it with encodeURIComponent.',
    });
  }

  const { scheme, host, path } = url.startsWith('/') ? underBase(label, url, base) : splitAbsolute(label, url);
  const [beforeFragment = ''] = path.split('#', 1);
  const query = params === undefined ? '' : encodeFields(label, 'params', params);
  return { scheme, host, path: withQuery(encodePath(label, beforeFragment), query) };
}

/**
 * Refuses a base URL that paths cannot be put under.
 *
 * @throws RequestError unless it is a path or an absolute `http:`/`https:` URL, without query.
 */
export function checkBase(label: string, base: unknown): void {
  if (typeof base === 'string' && !/[?#]/.test(base)) {
    if (base.startsWith('/')) return;
    if (/^https?:\/\//i.test(base)) return void splitAbsolute(label, base);
  }
  throw new RequestError({
    what: `${label}: baseUrl is ${describe(base)}.`,
    remedy: "Give a path or a URL without query, e.g. '/api/v1' or 'https://shop.test/api/v1'.",
  });
}

/** The URL of a target, as responses and messages show it. */
export function formatTarget({ scheme, host, path }: Target): string {
  return `${scheme}://${host}${path}`;
}

function underBase(label: string, url: string, base: string | undefined): Target {
  if (base === undefined) return { ...DEFAULT, path: url };

  const { scheme, host, path } = base.startsWith('/') ? { ...DEFAULT, path: base } : splitAbsolute(label, base);
  return { scheme, host, path: path.replace(/\/+$/, '') + url };
}

function splitAbsolute(label: string, url: string): Target {
  const parts = /^(https?):\/\/([^/?#]+)(.*)$/i.exec(url);
  const [, scheme = '', host = '', rest = ''] = parts ?? [];

  if (parts === null || !URL.canParse(url) || host.includes('@')) {
    const relative = /^[\w.-]+([/?]|$)/.test(url);
    throw new RequestError({
      what: `${label}: ${describe(url)} is not a URL that the client can request.`,
      remedy: relative
        ? `Begin it with a slash: '/${url}'.`
        : "Give a path that begins with '/', or an http:// or https:// URL.",
    });
  }
  const { host: normalHost } = new URL(url);
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  return { scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http', host: normalHost || host, path };
}

/** Percent-encodes spaces and what is not ASCII; what is encoded already stays. */
function encodePath(label: string, path: string): string {
  if (/^[\x21-\x7e]*$/.test(path)) return path;
  try {
    return path.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part));
  } catch (cause) {
    throw new RequestError({
      what: `${label}: the URL contains half of a surrogate pair: ${describe(path)}.`,
      remedy: 'Give well-formed text.',
      cause,
    });
  }
}

function withQuery(path: string, query: string): string {
  if (query === '') return path;
  if (!path.includes('?')) return `${path}?${query}`;
  return /[?&]$/.test(path) ? path + query : `${path}&${query}`;
}
