import type { Host, Sandbox } from '../../../../engine.js';
import { socketPath } from '../../../server/upstream.js';
import { Word } from '../../../shared.js';
import type { RelayHost, RelayStart, SessionAddress } from '../host.js';
import { LOOPBACK } from '../listener.js';
import { WorkerSandbox } from './sandbox.js';
import { SocketsHere } from './sockets-here.js';
import { WorkerLink } from './worker-link.js';

/** A relay in a worker thread, which goes on while the thread of the tests is blocked. */
export class WorkerHost implements RelayHost {
  readonly address: SessionAddress;
  readonly #start: RelayStart;
  #link: WorkerLink;
  readonly #sockets: SocketsHere;
  #sandbox: WorkerSandbox | undefined;

  /** Starts the worker and blocks until it listens. */
  constructor(start: RelayStart) {
    const { directory, password, sessionUser: user, options } = start;

    this.#start = start;
    this.#link = this.#startWorker(0);
    const port = this.#link.load(Word.port);
    this.address = { host: directory ?? LOOPBACK, port, user, password, database: options.database };
    this.#sockets = new SocketsHere(port, directory === undefined ? undefined : socketPath(directory, port));
  }

  open(host: Host): Promise<Sandbox> {
    const { options, openSession } = this.#start;
    // A worker that takes the place of a dead one listens where that did.
    const start = (): WorkerLink => (this.#link = this.#startWorker(this.address.port));

    if (this.#link.dead !== undefined) start();
    this.#sandbox = new WorkerSandbox(this.#link, start, options, host, this.address, openSession, this.#sockets);
    return Promise.resolve(this.#sandbox);
  }

  end(): void {
    this.#sockets.stop();
    this.#sandbox?.close();
    this.#link.terminate();
  }

  #startWorker(port: number): WorkerLink {
    const { directory, password, sessionUser, serverModule, options } = this.#start;
    const { stallTimeout, holdTimeout, clock, identities = 'keep', server, ownDatabase = false, label } = options;
    const link = new WorkerLink(
      {
        directory,
        port,
        password,
        sessionUser,
        database: options.database,
        label,
        patience: { stallTimeout, holdTimeout },
        clock,
        identities,
        ownDatabase,
        serverModule,
        server,
      },
      (event) => this.#sandbox?.hear(event),
    );
    link.ready();
    return link;
  }
}
