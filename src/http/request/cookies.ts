import type { UserJar } from '../cookies/jar.js';
import type { PlannedRequest } from './plan.js';

/** The request with the cookies that belong to it; a Cookie header that the test wrote itself stays as it is. */
export function withCookies(request: PlannedRequest, jar: UserJar): PlannedRequest {
  if (request.headers['cookie'] !== undefined) return request;
  const cookie = jar.header(request.target, request.cookies);
  return cookie === undefined ? request : { ...request, headers: { ...request.headers, cookie } };
}
