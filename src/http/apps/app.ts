import type { Server } from 'node:http';
import type { Failures } from '../failures.js';

/** An app that takes requests. */
export interface RunningApp {
  /** The name of its kind, e.g. `Express`. */
  readonly kind: string;
  /** Connections are given to it through its `connection` event; it need not listen. */
  readonly server: Server;
  /** Shuts the app down: its own shut-down hooks, its port if it opened one. */
  stop(): Promise<void>;
}

/** One kind of app that the client can drive. */
export interface AppKind<App> {
  readonly name: string;
  /** Whether `value` is such an app, judged by the shape that `run` uses, as the app may have its own copy of the framework. */
  matches(value: unknown): value is App;
  /** Starts it. Its errors go to `failures`. */
  run(app: App, failures: Failures): Promise<RunningApp>;
}
