import type { Scene } from './scene.js';

/** One promise of the sandbox, whatever the engine. The sandbox is open, with an empty table `item`. */
export interface Case {
  readonly title: string;
  /** `waiting`: the app's driver must let a query wait for its turn. */
  readonly needs?: 'waiting';
  /** `short` where the case waits until a timeout has passed. */
  readonly timeouts?: 'short';
  run(this: void, scene: Scene): Promise<void> | void;
}
