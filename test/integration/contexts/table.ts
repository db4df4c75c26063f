/** What a call does at a place: it works, or throws the error of that code at once. */
export type Outcome = 'works' | `LOCKSTEP_${string}`;

/** The three calls that a test can make. */
export interface Expectation {
  readonly sync: Outcome;
  readonly client: Outcome;
  readonly session: Outcome;
}

export interface Section {
  readonly title: string;
  /** What holds for all of its places. */
  readonly text: string;
  readonly places: Readonly<Record<string, Expectation>>;
}

const WORKS: Expectation = { sync: 'works', client: 'works', session: 'works' };

/** No test is running, so there is nothing to roll back and nothing to wait under. */
const NOT_RUNNING: Expectation = {
  sync: 'LOCKSTEP_WAIT_PLACE',
  client: 'LOCKSTEP_NOT_RUNNING',
  session: 'LOCKSTEP_NOT_RUNNING',
};

/** The test's function is not on the stack, so nothing can wait; the session needs no wait. */
const NO_WAIT: Expectation = { sync: 'LOCKSTEP_WAIT_PLACE', client: 'LOCKSTEP_WAIT_PLACE', session: 'works' };

const NESTED: Expectation = { sync: 'LOCKSTEP_NESTED_WAIT', client: 'LOCKSTEP_NESTED_WAIT', session: 'works' };

/** Every place from which a user may call, and what comes of it: the truth, the test and the page in the docs. */
export const table: readonly Section[] = [
  {
    title: 'Tests',
    text: 'In the synchronous part of a test everything works, whatever kind of test it is.',
    places: {
      'a test': WORKS,
      'a test behind a test': WORKS,
      'the test behind any of these': WORKS,
      'an async test, before its first `await`': WORKS,
      'an async test, after an `await`': NO_WAIT,
      'a test that returns a promise': WORKS,
      'a test with `done`': WORKS,
      'a test with `done`, in a callback': NO_WAIT,
      'a test with `this.timeout(0)`': WORKS,
      'a test with `this.timeout(1000)`': WORKS,
      'the third try of a test with `this.retries(2)`': WORKS,
      'a test that skips itself afterwards': WORKS,
      'a test, CommonJS': WORKS,
      'an async test, CommonJS': WORKS,
      'an async test, after an `await`, CommonJS': NO_WAIT,
    },
  },
  {
    title: 'Hooks',
    text: 'The same holds for hooks, also for one that follows an async hook.',
    places: {
      ...hooks('a', 'before'),
      ...hooks('a', 'beforeEach'),
      ...hooks('an', 'afterEach'),
      ...hooks('an', 'after'),
      'a test behind async hooks': WORKS,
      'a `before` hook behind an async `before`': WORKS,
      'a `beforeEach` hook behind an async `before`': WORKS,
      'a test behind an async `before`': WORKS,
      'a `before` hook, CommonJS': WORKS,
      'a `before` hook outside any `describe`': WORKS,
      'an `after` hook outside any `describe`': WORKS,
      'a root `beforeAll` hook': WORKS,
      'an async root `beforeEach` hook': WORKS,
      'an async root `beforeEach` hook, after an `await`': NO_WAIT,
      'a root `afterEach` hook': WORKS,
      'a root `afterAll` hook': WORKS,
      'a root `beforeAll` hook of a plug-in required before `lockstep/mocha`': WORKS,
      'a root `beforeEach` hook of a plug-in required before `lockstep/mocha`': WORKS,
    },
  },
  {
    title: 'Code that a test calls and that returns before the test does',
    text: 'This is still the synchronous part of the test.',
    places: {
      'a callback of `array.map`': WORKS,
      'a listener of an EventEmitter that the test emits to': WORKS,
      'inside `AsyncLocalStorage.run`': WORKS,
      'inside `AsyncResource.runInAsyncScope`': WORKS,
      'the executor of `new Promise`': WORKS,
      'a generator': WORKS,
      'code of `vm.runInThisContext`': WORKS,
      'a `catch` or `finally` block': WORKS,
      'the function given to `sync`': WORKS,
    },
  },
  {
    title: 'Code that runs while a test waits',
    text: 'There is one wait at a time. The session does not wait and works.',
    places: {
      'a timer, inside the wait of the test': NESTED,
      'an async function, after an `await`, inside the wait of the test': NESTED,
      'a request handler of the app': NESTED,
    },
  },
  {
    title: 'Code that runs after the function of the test has returned',
    text: 'Here Node could never finish a wait, or would crash. `await` the promise instead: `await client.async.get(…)`.',
    places: {
      'after an `await`': NO_WAIT,
      'after an `await` of a timer': NO_WAIT,
      'a `.then` callback': NO_WAIT,
      'a `.catch` callback': NO_WAIT,
      'a `.finally` callback': NO_WAIT,
      queueMicrotask: NO_WAIT,
      'a `for await` loop': NO_WAIT,
      'process.nextTick': NO_WAIT,
      setTimeout: NO_WAIT,
      setInterval: NO_WAIT,
      setImmediate: NO_WAIT,
      'the second of three immediates': NO_WAIT,
      'inside `AsyncLocalStorage.run`, in a timer': NO_WAIT,
      'an fs callback': NO_WAIT,
      'a `data` listener of a stream': NO_WAIT,
      'a handler of an HTTP server': NO_WAIT,
      'a `data` listener of an HTTP response': NO_WAIT,
      'a `dns.lookup` callback': NO_WAIT,
      'an `exit` listener of a child process': NO_WAIT,
      'an `exit` listener of a worker thread': NO_WAIT,
      'a `message` listener of a MessagePort': NO_WAIT,
      'a listener of an AbortSignal': NO_WAIT,
      'an `uncaughtException` handler': NO_WAIT,
      'an `unhandledRejection` handler': NO_WAIT,
    },
  },
  {
    title: 'Where no test is running',
    text: 'Move the call into a hook or a test.',
    places: {
      'the top level of an ES module': NOT_RUNNING,
      'the top level of an ES module, after an `await`': NOT_RUNNING,
      'the top level of a CommonJS file': NOT_RUNNING,
      'the body of a `describe`': NOT_RUNNING,
      'the body of a `describe`, CommonJS': NOT_RUNNING,
      '`mochaGlobalSetup`': NOT_RUNNING,
      '`mochaGlobalTeardown`': NOT_RUNNING,
      'a worker thread': NOT_RUNNING,
    },
  },
];

function hooks(article: string, kind: string): Record<string, Expectation> {
  return {
    [`${article} \`${kind}\` hook`]: WORKS,
    [`an async \`${kind}\` hook`]: WORKS,
    [`an async \`${kind}\` hook, after an \`await\``]: NO_WAIT,
    [`${article} \`${kind}\` hook behind an async one`]: WORKS,
    [`${article} \`${kind}\` hook with \`done\``]: WORKS,
  };
}
