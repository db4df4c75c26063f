/**
 * A test runner of a few dozen lines that knows nothing of Lockstep: describe, it, hooks of both kinds, retries and
 * a timeout. As most runners do, it calls functions from promises.
 */

export type Fn = () => unknown;

export interface Block {
  readonly title: string;
  readonly parent: Block | undefined;
  readonly before: Fn[];
  readonly after: Fn[];
  readonly beforeEach: Fn[];
  readonly afterEach: Fn[];
  readonly items: (Block | Case)[];
}

export interface Case {
  readonly title: string;
  readonly block: Block;
  readonly fn: Fn;
  readonly retries: number;
}

/** The test file that is being loaded. */
export const loading = { file: '' };

/** One try of a test. */
export interface Attempt {
  readonly of: Case;
  readonly errors: unknown[];
}

/** One function that is to run: a test's or a hook's. */
export interface Call {
  readonly name: string;
  readonly block: Block;
  readonly attempt: Attempt | undefined;
  readonly last: boolean;
  readonly fn: Fn;
}

export interface Result {
  readonly title: string;
  readonly attempts: number;
  readonly errors: readonly unknown[];
}

/** How a function is run; resolves when it is over, rejects with what it has failed with. */
export type Execute = (call: Call) => Promise<void>;

const block = (title: string, parent?: Block): Block => {
  return { title, parent, before: [], after: [], beforeEach: [], afterEach: [], items: [] };
};

/** The block around all. */
export const root: Block = block('');
let current = root;

export const globals = {
  describe(title: string, body: Fn): Block {
    const inner = block(title, current);
    current.items.push(inner);
    current = inner;
    body();
    current = inner.parent ?? root;
    return inner;
  },
  it: (title: string, fn: Fn, { retries = 0 } = {}) => void current.items.push({ title, block: current, fn, retries }),
  before: (fn: Fn) => void current.before.push(fn),
  after: (fn: Fn) => void current.after.push(fn),
  beforeEach: (fn: Fn) => void current.beforeEach.push(fn),
  afterEach: (fn: Fn) => void current.afterEach.push(fn),
};

/** From the outermost to the innermost. */
const around = (inner: Block): Block[] => (inner.parent ? [...around(inner.parent), inner] : [inner]);

/** The title together with those of the blocks around it. */
export const fullTitle = (inner: Block, title?: string): string =>
  [...around(inner).map((at) => at.title), title].filter(Boolean).join(' > ');

export async function runBlock(at: Block, execute: Execute): Promise<Result[]> {
  const results: Result[] = [];
  const once = async (name: string, fns: readonly Fn[]): Promise<void> => {
    for (const fn of fns) await execute({ name, block: at, attempt: undefined, last: false, fn });
  };

  try {
    await once('before', at.before);
    for (const item of at.items)
      results.push(...('items' in item ? await runBlock(item, execute) : [await runCase(item, execute)]));
  } catch (error) {
    results.push({ title: fullTitle(at, 'before'), attempts: 1, errors: [error] });
  }
  try {
    await once('after', at.after);
  } catch (error) {
    results.push({ title: fullTitle(at, 'after'), attempts: 1, errors: [error] });
  }
  return results;
}

async function runCase(of: Case, execute: Execute): Promise<Result> {
  const blocks = around(of.block);
  const befores = blocks.flatMap((at) => at.beforeEach.map((fn) => ({ name: 'beforeEach', block: at, fn })));
  const afters = blocks.reverse().flatMap((at) => at.afterEach.map((fn) => ({ name: 'afterEach', block: at, fn })));

  for (let attempts = 1; ; attempts += 1) {
    const attempt: Attempt = { of, errors: [] };
    const test = { name: of.title, block: of.block, fn: of.fn };
    try {
      for (const hook of befores) await execute({ ...hook, attempt, last: false });
      await execute({ ...test, attempt, last: afters.length === 0 });
    } catch (error) {
      attempt.errors.push(error);
    }
    try {
      for (const hook of afters) await execute({ ...hook, attempt, last: hook === afters.at(-1) });
    } catch (error) {
      attempt.errors.push(error);
    }
    if (attempt.errors.length === 0 || attempts > of.retries)
      return { title: fullTitle(of.block, of.title), attempts, errors: attempt.errors };
  }
}
