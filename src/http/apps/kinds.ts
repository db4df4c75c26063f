import type { Failures } from '../failures.js';
import type { AppKind, RunningApp } from './app.js';
import { express } from './express.js';
import { fastify } from './fastify.js';
import { fetchHandler } from './fetch.js';
import { hono } from './hono.js';
import { http2Server } from './http2-server.js';
import { koa } from './koa.js';
import { listener } from './listener.js';
import { nest } from './nest.js';
import { polka } from './polka.js';
import { httpServer } from './server.js';

/** An app whose kind is known. */
export interface KnownApp {
  readonly kind: string;
  run(failures: Failures): Promise<RunningApp>;
}

/** Kinds from the particular to the general: an Express app is also a function of two parameters. */
const KINDS: readonly ((value: unknown) => KnownApp | undefined)[] = [
  recogniser(httpServer),
  recogniser(http2Server),
  recogniser(nest),
  recogniser(fastify),
  recogniser(koa),
  recogniser(hono),
  recogniser(polka),
  recogniser(express),
  recogniser(listener),
  recogniser(fetchHandler),
];

/** The app that `value` is, if it is of a kind that the client can drive. */
export function recognise(value: unknown): KnownApp | undefined {
  for (const kind of KINDS) {
    const app = kind(value);
    if (app !== undefined) return app;
  }
  return undefined;
}

function recogniser<App>(kind: AppKind<App>): (value: unknown) => KnownApp | undefined {
  return (value) =>
    kind.matches(value) ? { kind: kind.name, run: (failures) => kind.run(value, failures) } : undefined;
}
