import { inspect } from 'node:util';

/** Class, method and arguments of a call; empty for one that is not worth telling. */
export type Called = readonly [] | readonly [owner: string, method: string, ...parameters: unknown[]];

let verbose = false;

/** From now on errors tell the call that they came from, as after node-sqlite3's `verbose()`. */
export function beVerbose(): void {
  verbose = true;
}

export function isVerbose(): boolean {
  return verbose;
}

/** Remembers where a call was made; returns what adds that to the stack of its error. */
export function traceCall([owner, method, ...parameters]: Called): (error: Error) => Error {
  if (!verbose || method === undefined) return (error) => error;

  const shown = parameters.map((parameter) => inspect(parameter, { depth: 0 })).join(', ');
  const origin = new Error();

  return (error) => {
    const frames = origin.stack?.split('\n').slice(1).join('\n') ?? '';
    error.stack = `${error.stack ?? error.message}\n--> in ${owner ?? ''}#${method}(${shown})\n${frames}`;
    return error;
  };
}
