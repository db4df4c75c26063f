/** Lockstep in front of the tiny runner: all that the core's contract asks for. */

import { importModule } from '#src/config/index.js';
import type { Done, Printer, RunnerAdapter, Step, SuiteNode, TestNode } from '#src/runner/adapter.js';
import type { RunnerWords } from '#src/runner/words.js';
import type { TestRun } from '#src/runner/test-run.js';
import { type Attempt, type Block, type Call, type Execute, fullTitle, loading } from './runner.js';

/** Milliseconds for each function. */
const LIMIT = 1000;

const words: RunnerWords = {
  name: 'tiny',
  packages: ['tiny'],
  install: 'Run the tests by lockstep-tiny',
  first: 'lockstep-tiny the first word of the command',
  early: 'A file of yours that imports the app has to wait',
  loader: 'start lockstep-tiny with it',
  tooEarly: 'a tiny plug-in',
  order: 'give the plug-in to lockstep-tiny',
  hook: 'a tiny hook',
  lastHook: 'a last tiny hook',
  timeout: 'the tiny limit',
  parallel: '--tiny-workers',
  asOneCall: 'asOne: true',
  outsideCall: 'outside: true',
  outside: 'a block with outside: true',
};

const printer: Printer = { fullTrace: false, brief: false, showsMessage: false, indent: 0, changes: () => false };

class TinyTimeout extends Error {
  constructor() {
    super(`over ${LIMIT} ms`);
    // It has no line of the user's.
    this.stack = `${this.name}: ${this.message}`;
  }
}

export const adapter: RunnerAdapter = {
  words,
  run: { id: `tiny ${process.pid}`, worker: '7' },
  imports: { config: importModule, app: importModule },
  realms: [],
  rules: { identities: true, outside: false },
  printer,
  isTimeout: (error) => error instanceof TinyTimeout,
};

/** Runs the runner's functions by the core. */
export function executeBy(run: TestRun): Execute {
  return (call) =>
    new Promise((resolve, reject) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was thrown
      run.run(new TinyStep(call), (error) => (error === undefined ? resolve() : reject(error)));
    });
}

function suiteOf(block: Block): SuiteNode {
  return {
    id: block,
    title: fullTitle(block),
    get parent() {
      return block.parent && suiteOf(block.parent);
    },
    rollback: block.title.startsWith('as one') ? 'suite' : undefined,
    identities: undefined,
    outside: false,
    manual: block.title.startsWith('left alone'),
  };
}

function testOf(attempt: Attempt): TestNode {
  const { title, block, fn } = attempt.of;
  return {
    id: attempt,
    name: title,
    file: loading.file,
    title: fullTitle(block, title),
    suite: suiteOf(block),
    fn,
    get failed() {
      return attempt.errors.length > 0;
    },
    get error() {
      return attempt.errors[0];
    },
    fail: (error) => void attempt.errors.push(error),
  };
}

class TinyStep implements Step {
  readonly #call: Call;
  readonly #timer = new Timer();
  readonly suite: SuiteNode;
  readonly test: TestNode | undefined;

  constructor(call: Call) {
    this.#call = call;
    this.suite = suiteOf(call.block);
    this.test = call.attempt && testOf(call.attempt);
  }

  get kind(): 'test' | 'hook' {
    return this.fn === this.#call.attempt?.of.fn ? 'test' : 'hook';
  }

  get id(): unknown {
    return this.kind === 'test' ? this.#call.attempt : this.#call;
  }

  get name(): string {
    return this.#call.name;
  }

  get file(): string {
    return loading.file;
  }

  get title(): string {
    return fullTitle(this.#call.block, this.#call.name);
  }

  get last(): boolean {
    return this.#call.last;
  }

  get fn(): unknown {
    return this.#call.fn;
  }

  call(done: Done): void {
    const over = this.#timer.start(LIMIT, done);
    try {
      const result = this.#call.fn();
      if (result instanceof Promise) void result.then(() => over(), over);
      else over();
    } catch (error) {
      over(error);
    }
  }

  timeout(): number {
    return LIMIT;
  }

  park(): void {
    this.#timer.park();
  }

  unpark(): void {
    this.#timer.unpark();
  }
}

/** The limit of one function. */
class Timer {
  #timer: NodeJS.Timeout | undefined;
  #parked = false;
  #arm = (): void => undefined;

  /** Returns what is to be called when the function is over; only the first call counts. */
  start(limit: number, done: Done): Done {
    let isOver = false;
    const over: Done = (error) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      done(error);
    };
    this.#arm = () => (this.#timer = setTimeout(() => over(new TinyTimeout()), limit));
    this.#arm();
    return over;
  }

  park(): void {
    this.#parked = this.#timer !== undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  unpark(): void {
    if (this.#parked) this.#arm();
    this.#parked = false;
  }
}
