import { AsyncResource } from 'node:async_hooks';
import { Agent } from 'node:http';
import type { AgentOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { resolveApp } from '../apps/resolve.js';
import { runAsNobody } from '../../bridge/index.js';
import { Failures } from '../failures.js';
import { MemoryAgent } from '../memory/agent.js';

/** The in-memory way to one app, which is started by the first request. */
export interface AppLine {
  /** Gives connections to the app. */
  readonly agent: Agent;
  /** Where the app's errors are reported. */
  readonly failures: Failures;
}

const lines = new WeakMap<object, AppLine>();

/**
 * The line to an app. Each app has one, which lives as long as the app: it is started once, and never
 * stopped by us, as it belongs to the test file that made it.
 *
 * @param app anything that the client can drive (see `resolveApp`)
 */
export function lineTo(app: object): AppLine {
  let line = lines.get(app);

  if (line === undefined) {
    line = openLine(app);
    lines.set(app, line);
  }
  return line;
}

function openLine(app: object): AppLine {
  const failures = new Failures();
  // The first request starts the app: neither it nor the connections may inherit that test's AsyncLocalStorage.
  const scope = runAsNobody(() => new AsyncResource('LockstepSupertest'));

  const start = async (): Promise<MemoryAgent> => {
    const { server } = await resolveApp(() => app, failures);
    return new MemoryAgent(server, { encrypted: false, scope });
  };
  return { agent: new LineAgent(() => scope.runInAsyncScope(start)), failures };
}

type Connected = (error: Error | null, socket?: Duplex) => void;

/** An agent that can be given to a request before the app has started. */
class LineAgent extends Agent {
  readonly #start: () => Promise<MemoryAgent>;
  #starting: Promise<MemoryAgent> | undefined;
  #started: MemoryAgent | undefined;

  constructor(start: () => Promise<MemoryAgent>) {
    super({ keepAlive: true });
    this.#start = start;
  }

  override createConnection(_options: AgentOptions, connected: Connected): Duplex | undefined {
    if (this.#started !== undefined) return this.#started.createConnection();

    this.#starting ??= this.#start();
    this.#starting.then(
      (agent) => {
        this.#started = agent;
        connected(null, agent.createConnection());
      },
      (error: Error) => connected(error),
    );
    return undefined;
  }
}
