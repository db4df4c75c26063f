import type { Owner } from './ownership.js';

/** What the runner tells the bridge about the function that it runs. */
export interface FrameOwner {
  /** Title of the test or hook, for messages. */
  readonly title: string;
  /** Milliseconds left to the runner's own deadline; Infinity for none. */
  remaining(): number;
  /** Stops the runner's timer while the bridge pumps … */
  park(): void;
  /** … and starts it again. */
  unpark(): void;
}

/** The bridge's state in this thread. */
export interface BridgeState {
  /** The function that runs under a hop, while it is synchronously on the stack. */
  frame: FrameOwner | undefined;
  /** The wait in progress, in words; undefined when none is. */
  waiting: string | undefined;
  /** Errors that the app threw where only the pump could catch them, oldest first. */
  readonly thrown: unknown[];
  /** The immediate whose callback is on the stack; undefined outside such callbacks and without a runner. */
  immediate: object | undefined;
  /** How many immediates are still to run. */
  immediates: number;
  /** Whether intervals are kept from firing now; undefined while nobody keeps them. */
  holding: (() => boolean) | undefined;
  /** What intervals that were kept from firing are to do then, by their timers. */
  readonly due: Map<object, () => unknown>;
  /** Is told of what fails as the work of a test that has ended; undefined without a runner. */
  late: ((owner: Owner, error: unknown) => void) | undefined;
  /** Where the runner of this thread is; undefined when none is installed. */
  runner: 'loading' | 'running' | undefined;
}

const KEY = Symbol.for('lockstep.bridge');

/**
 * One state per thread even when the package is loaded twice, as a TypeScript loader does that
 * turns ES modules into CommonJS: a wait must know of the hop that the other copy made.
 */
export const state: BridgeState = ((globalThis as { [KEY]?: BridgeState })[KEY] ??= {
  frame: undefined,
  waiting: undefined,
  thrown: [],
  immediate: undefined,
  immediates: 0,
  holding: undefined,
  due: new Map(),
  late: undefined,
  runner: undefined,
});
