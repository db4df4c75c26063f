import { canWait } from '../../bridge/index.js';
import { RequestError } from '../../errors.js';
import { BOTH, CHANGES, PROPERTIES } from './members.js';
import { passageOf, type Passage } from './passage.js';
import { readable } from './sending.js';
import type { PlainResponse, PlainTest } from './shape.js';

/**
 * Gives a kind of request the properties of its answer, and takes its methods away once it is sent.
 *
 * @param prototype the synchronous kind's; `plain` is supertest's own below it
 */
export function defineAccessors(prototype: object, plain: object): void {
  for (const name of CHANGES) defineChange(prototype, name, (plain as Record<string, unknown>)[name]);

  for (const name of PROPERTIES) {
    define(prototype, name, (test) => {
      if (test._aborted === true && passageOf(test).outcome?.kind !== 'answered') return undefined;
      return readable(test)[name];
    });
  }

  // Before the answer these are methods of the request, afterwards properties of the answer.
  for (const name of BOTH) {
    const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    define(prototype, name, (test) => (passageOf(test).outcome?.kind === 'answered' ? readable(test)[name] : method));
  }

  define(
    prototype,
    'header',
    (test, passage) => (isForReading(test, passage) ? readable(test).headers : passage.header),
    (passage, header) => (passage.header = header as Record<string, unknown>),
  );
  define(
    prototype,
    'response',
    (test, passage) => (isForReading(test, passage) ? readable(test) : passage.response),
    (passage, response) => (passage.response = response as PlainResponse | undefined),
  );
}

/** Whether the test reads, and not superagent while it sends. */
export function isForReading(test: PlainTest, passage: Passage): boolean {
  if (passage.outcome?.kind === 'answered') return true;
  return !passage.inside && test._aborted !== true && canWait();
}

function defineChange(prototype: object, name: string, change: unknown): void {
  if (typeof change !== 'function') return;

  Object.defineProperty(prototype, name, {
    configurable: true,
    writable: true,
    value(this: PlainTest, ...args: unknown[]): unknown {
      const passage = passageOf(this);
      refuseIfSent(passage, name);
      return passage.within(() => Reflect.apply(change, this, args) as unknown);
    },
  });
}

function define(
  prototype: object,
  name: string,
  get: (test: PlainTest, passage: Passage) => unknown,
  set?: (passage: Passage, value: unknown) => void,
): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: PlainTest): unknown {
      return get(this, passageOf(this));
    },
    ...(set && {
      set(this: PlainTest, value: unknown) {
        set(passageOf(this), value);
      },
    }),
  });
}

function refuseIfSent(passage: Passage, method: string): void {
  // superagent itself calls these while a redirect is followed.
  if (!passage.sent || passage.inside || (passage.pending && !canWait())) return;

  throw new RequestError({
    what: `.${method}() was called on ${passage.label}, which is sent already.`,
    why: 'With lockstep/supertest the first .expect(), or the first read of .status, .body or another property of the answer, sends the request.',
    remedy: `Move .${method}() before the first .expect().`,
  });
}
