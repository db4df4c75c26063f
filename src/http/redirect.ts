import { RequestError } from '../errors.js';
import type { PlannedRequest } from './request/plan.js';
import { formatTarget } from './request/target.js';

/** The length at which a chain of redirects is taken for a loop. */
export const MAX_REDIRECTS = 20;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * The request that a redirect asks for; undefined where there is nothing to follow. A redirect to
 * another host leaves the app (a login page elsewhere, say) and is a response for the test to look at.
 *
 * The method changes as in browsers (Fetch standard, HTTP-redirect fetch): 303 makes everything but
 * HEAD a GET, 301 and 302 make a POST a GET, 307 and 308 repeat the request with its body.
 *
 * @throws RequestError when a streamed body, already consumed, would have to be sent again.
 */
export function redirected(
  request: PlannedRequest,
  status: number,
  location: string | undefined,
): PlannedRequest | undefined {
  if (!REDIRECTS.has(status) || location === undefined) return undefined;
  const from = formatTarget(request.target);
  if (!URL.canParse(location, from)) return undefined;

  const to = new URL(location, from);
  const scheme = to.protocol === 'http:' ? 'http' : to.protocol === 'https:' ? 'https' : undefined;
  if (scheme === undefined || to.host !== request.target.host) return undefined;
  const target = { scheme, host: to.host, path: to.pathname + to.search } as const;

  const { method, body } = request;
  if ((status === 303 && method !== 'HEAD') || ((status === 301 || status === 302) && method === 'POST')) {
    const kept = Object.entries(request.headers).filter(([name]) => !/^(content-|transfer-encoding$)/.test(name));
    return { ...request, method: 'GET', target, headers: Object.fromEntries(kept), body: undefined };
  }
  if (body !== undefined && !Buffer.isBuffer(body)) {
    throw new RequestError({
      what: `${method} ${request.target.path}: the app redirects to ${to.pathname} with status ${status}, which repeats the body.`,
      why: 'The body was a stream and has been read.',
      remedy: 'Give the body as a Buffer, or use followRedirects: false.',
    });
  }
  return { ...request, target };
}

/** The error of a chain that does not end; `hops` are its redirects, oldest first. */
export function tooManyRedirects(label: string, hops: readonly string[]): RequestError {
  return new RequestError({
    what: `${label}: more than ${MAX_REDIRECTS} redirects: ... ${hops.slice(-3).join(', ')}`,
    why: 'The app redirects in a circle.',
    remedy: 'Use followRedirects: false to look at a single redirect.',
  });
}
