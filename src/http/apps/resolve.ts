import { AppError, LockstepError } from '../../errors.js';
import type { Failures } from '../failures.js';
import { describe } from '../request/describe.js';
import type { RunningApp } from './app.js';
import { isThenable } from './guard.js';
import { lifespanOf } from './lifespan.js';
import type { Lifespan } from './lifespan.js';
import { recognise } from './kinds.js';
import type { KnownApp } from './kinds.js';

/** The exports of a module that are looked at, in this order. */
const EXPORTS = ['default', 'app', 'server', 'createApp', 'buildApp', 'module.exports'];

/** How many promises, factories and modules may be nested: more is a circle. */
const MAX_DEPTH = 10;

const ACCEPTED =
  'Accepted are: an Express, Fastify, Koa, NestJS, Hono or Polka app, a listener (request, response), ' +
  'a fetch handler (request), an http.Server, a function without parameters that returns one of these ' +
  '(async too), a promise of one, or a module that exports one as default, app, server, createApp or buildApp.';

/**
 * Finds the app behind `source` and starts it.
 *
 * @throws AppError when it is no app, or when loading or starting it fails (`cause` is its error).
 */
export async function resolveApp(source: () => unknown, failures: Failures): Promise<RunningApp> {
  let app: FoundApp;
  try {
    // What is given here is a function that fetches the source, whatever its number of parameters.
    app = await find(source(), 'The app', 0);
  } catch (cause) {
    throw cause instanceof LockstepError ? cause : failed('The app could not be loaded', cause);
  }

  try {
    return await run(app, failures);
  } catch (cause) {
    throw cause instanceof LockstepError ? cause : failed(`The ${app.kind} app could not be started`, cause);
  }
}

/** An app, and what goes around it: outermost first. */
interface FoundApp extends KnownApp {
  readonly lifespans: readonly Lifespan[];
}

async function run(app: FoundApp, failures: Failures): Promise<RunningApp> {
  const { lifespans } = app;
  for (const lifespan of lifespans) await lifespan.start?.();
  const running = await app.run(failures);

  return {
    ...running,
    async stop() {
      await running.stop();
      for (const lifespan of lifespans.toReversed()) await lifespan.stop?.();
    },
  };
}

/** `place` says in messages where `source` came from. */
async function find(source: unknown, place: string, depth: number): Promise<FoundApp> {
  // Before promises: a Fastify app has a `then` of its own.
  const known = recognise(source);
  if (known !== undefined) return { ...known, lifespans: [] };

  if (depth > MAX_DEPTH) throw refused(`${place} is nested more than ${MAX_DEPTH} deep.`);
  if (isThenable(source)) return find(await source, place, depth + 1);
  if (typeof source === 'function')
    return find(callFactory(source as Factory, place), `What ${nameOf(source)} returned`, depth + 1);
  if (isRecord(source)) {
    const found = await findExport(source, place, depth);
    const lifespan = lifespanOf(source);
    return lifespan === undefined ? found : { ...found, lifespans: [lifespan, ...found.lifespans] };
  }
  throw refused(`${place} is ${describe(source)}.`);
}

type Factory = (...args: never[]) => unknown;

function callFactory(factory: Factory, place: string): unknown {
  if (factory.length === 0 && !/^class\b/.test(Function.prototype.toString.call(factory))) {
    return factory();
  }

  throw new AppError({
    what: `${place} is ${describe(factory)} with a constructor.`,
    why: 'A listener has two parameters, a fetch handler one, a factory none; a class is none of them.',
    remedy: ACCEPTED,
  });
}

function findExport(record: Record<string, unknown>, place: string, depth: number): Promise<FoundApp> {
  const candidates = EXPORTS.filter((name) => isCandidate(record[name]));
  // A default export may be a bag of other things beside the app or its factory.
  const best =
    candidates.find((name) => recognise(record[name]) !== undefined) ??
    candidates.find((name) => typeof record[name] === 'function' || isThenable(record[name])) ??
    candidates[0];
  if (best !== undefined) return find(record[best], `${place}'s export ${best}`, depth + 1);

  const names = Object.keys(record);
  const isModule = record[Symbol.toStringTag as unknown as string] === 'Module';
  if (isModule && names.length === 0) throw refused(`${place} is a module that exports nothing.`);
  throw refused(
    `${place} is ${isModule ? 'a module' : describe(record)} with ${isModule ? 'the exports' : 'the properties'} ${names.join(', ') || '(none)'}.`,
  );
}

function isCandidate(value: unknown): boolean {
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(factory: { name: string }): string {
  return factory.name === '' ? 'the factory' : `${factory.name}()`;
}

function refused(what: string): AppError {
  return new AppError({ what, why: 'It is none of the kinds of app that the client can drive.', remedy: ACCEPTED });
}

function failed(what: string, cause: unknown): AppError {
  return new AppError({
    what: `${what}: ${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}`,
    remedy: "Its own error, with the place in the app's code, is this error's cause.",
    cause,
  });
}
