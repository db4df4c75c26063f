import { Server as HttpServer } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { Server as NetServer } from 'node:net';
import { RequestError } from '../../errors.js';
import { checkRaise } from '../request/options.js';
import { describe } from '../request/describe.js';
import type { RaiseServerErrors } from '../options.js';
import { lineTo } from './line.js';
import type { Route } from './passage.js';

/** What `request(app, options)` speaks to. */
export interface Target {
  /** What the test gave. */
  readonly app: unknown;
  /** What supertest is given instead. */
  readonly plain: unknown;
  /** Undefined for what supertest reaches over TCP by itself: a URL, HTTP/2. */
  readonly route: Route | undefined;
  /** Undefined for the config's setting. */
  readonly raise: RaiseServerErrors | undefined;
}

/** Options of `request(app, options)` and `request.agent(app, options)` that concern Lockstep. */
interface TargetOptions {
  readonly http2?: boolean | undefined;
  readonly raiseServerErrors?: RaiseServerErrors | undefined;
}

const IN_MEMORY = { http: 'http://127.0.0.1', https: 'https://127.0.0.1' };

/** @throws RequestError for what cannot be an app. */
export function targetOf(call: string, app: unknown, options: TargetOptions = {}): Target {
  const { http2 = false, raiseServerErrors: raise } = options;
  if (raise !== undefined) checkRaise(call, raise);

  if (typeof app === 'string' || http2 || isForeignServer(app)) return { app, plain: app, route: undefined, raise };
  if (app === null || (typeof app !== 'object' && typeof app !== 'function')) {
    throw new RequestError({
      what: `${call} was given ${describe(app)} as its app.`,
      why: 'It may have been imported before it was defined, or under a name that its module does not export.',
      remedy: 'Give it an app, an http.Server, a function (request, response), or a URL.',
    });
  }

  const origin = app instanceof HttpsServer ? IN_MEMORY.https : IN_MEMORY.http;
  return { app, plain: origin, route: { line: lineTo(app), origin }, raise };
}

/** A server of another protocol than HTTP/1, HTTP/2 for one. */
function isForeignServer(app: unknown): boolean {
  return app instanceof NetServer && !(app instanceof HttpServer) && !(app instanceof HttpsServer);
}
