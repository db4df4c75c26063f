import { createRequire } from 'node:module';
import express5 from 'express';
import { createClient } from '#src/http/index.js';
import type { ClientHost, ClientOptions } from '#src/http/index.js';

const express4 = createRequire(import.meta.url)('express4') as typeof express5;

/** Both Express versions, for suites that run over each. */
export const EXPRESS: readonly [name: string, express: typeof express5][] = [
  ['Express 4', express4],
  ['Express 5', express5],
];

const open: ClientHost[] = [];

/** A client of `app` that is stopped by {@link stopAll}. */
export function host(app: unknown, options: Omit<ClientOptions, 'app'> = {}): ClientHost {
  const made = createClient({ ...options, app: () => app });
  open.push(made);
  return made;
}

export async function stopAll(): Promise<void> {
  for (const each of open.splice(0)) await each.stop();
}

/** The error that `work` rejects with. */
export async function rejection(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
