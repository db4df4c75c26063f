/**
 * The process that keeps an embedded server: it starts it, tells the workers of a run where it is,
 * and ends it when the last of them is gone, however that came to pass. Each worker holds a
 * connection to it; the kernel closes those of a killed process.
 *
 * Run as a program with {@link KeeperOptions} as JSON in its argument.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

import { ServerError } from '../../../../errors.js';
import { serverAccount, type Account } from './account.js';
import { findBinaries } from './binaries.js';
import { dropClaim, stakeClaim } from './claim.js';
import {
  copyCluster,
  discardCluster,
  PREPARED_DATABASE,
  prepareCluster,
  SUPERUSER,
  type ClusterSource,
} from './cluster.js';
import { controlPath, dataPath, isAlive, removeDeadRuns, removeRun } from './dead-runs.js';
import { failure, GOODBYE, type Announcement, type Greeting, type Ready } from './greeting.js';
import { START_TIMEOUT, type KeeperOptions } from './options.js';
import { accountFolder, openPlaces, ownFolder, type Places } from './places.js';
import { freePort, Postmaster, type Listening } from './postmaster.js';
import { countedTimeout } from './counted-timeout.js';
import { Steps } from './steps.js';
import { usableBinaries } from './usable-binaries.js';
import { clearTimeout, setTimeout } from '../../../../real-time.js';

/** After this nothing is worth waiting for. */
const LAST_RESORT = 15_000;
/** So often it is looked whether the process of a member that has died is there still: its relay's thread alone may have. */
const MOURNING = 200;
/** A server that ends more often than that ends for a reason of its own. */
const RESTARTS = 20;
const PORT = 5432;

/** Who has a database here. */
interface Holder {
  readonly number: number;
  /** Its process, as long as which it may come back; undefined if it cannot. */
  readonly pid: number | undefined;
  /** Its last connection; a connection that has ended is its death. */
  readonly socket: Socket;
}

class Keeper {
  readonly #options: KeeperOptions;
  readonly #places: Places;
  readonly #account: Account = serverAccount();
  /** Our folder. */
  readonly #run: string;
  readonly #control: string;
  readonly #server: Server;
  readonly #members = new Set<Socket>();
  /** Those who have joined and have not said goodbye, by their names. */
  readonly #holders = new Map<string, Holder>();
  readonly #aborted = new AbortController();
  #starting: Promise<void> | undefined;
  readonly #steps = new Steps('looking for the binaries');
  #postmaster: Postmaster | undefined;
  /** Starts the server on the data that it has. */
  #startAgain: (() => Promise<Postmaster>) | undefined;
  #greeting: Greeting | undefined;
  readonly #greeted: Promise<Greeting>;
  #welcome: (greeting: Greeting) => void = () => undefined;
  #joined = 0;
  #mourning: NodeJS.Timeout | undefined;
  #ending = false;
  /** The process that started us counts as a member until it has joined. */
  #starterWaits = true;
  /** Resolves when the first member joins, or our starter is gone. */
  readonly #met: Promise<void>;
  #meet: () => void = () => undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#greeted = new Promise((resolve) => (this.#welcome = resolve));
    this.#met = new Promise((resolve) => (this.#meet = resolve));
    this.#places = openPlaces();
    this.#run = join(this.#places.runs, `${process.pid}-${randomBytes(4).toString('hex')}`);
    this.#control = controlPath(this.#run);
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#join(socket));
  }

  async keep(): Promise<void> {
    process.stdin
      .resume()
      .once('end', () => this.#starterLeft())
      .once('error', () => this.#starterLeft());
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => void this.#end());
    // Whatever goes wrong here, the server must not stay behind.
    process.on('uncaughtException', (error) => void this.#fail(error));

    ownFolder(this.#run);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(this.#control, resolve);
    });
    if (process.platform !== 'win32') chmodSync(this.#control, 0o600);
    const ours = await stakeClaim(this.#places.claims, this.#options.key, this.#control);
    announce(ours ? 'listening' : 'taken');
    if (!ours) return await this.#end();

    await this.#serve();
  }

  async #serve(): Promise<void> {
    const { startTimeout = START_TIMEOUT } = this.#options;
    const cancel = countedTimeout(startTimeout, () => {
      const what = `The server for the tests did not start within ${startTimeout} ms.`;
      const why = `It was busy with: ${this.#steps.current}.`;
      const remedy = 'Give it more time in database.embedded.startTimeout, or name a server in database.url.';
      void this.#fail(new ServerError({ what, why, remedy }));
    });

    try {
      this.#starting = this.#start();
      await this.#starting;
    } catch (error) {
      await this.#fail(error);
      return;
    } finally {
      cancel();
    }
    // Not before, for nobody should wait for the cleaning; and its failing is not ours.
    await removeDeadRuns(this.#places).catch(() => undefined);
  }

  async #start(): Promise<void> {
    const { binaries: given, locale, root, settings = {} } = this.#options;
    const { signal } = this.#aborted;
    const account = this.#account;

    const binaries = await usableBinaries(findBinaries(given, root), this.#places.cache, account);
    const source: ClusterSource = { binaries, locale, account, signal };

    const { greeting, listening } = await this.#listening();
    this.#postmaster = await this.#startOn(source, listening, settings);
    this.#greet({ ...greeting, steps: this.#steps.end() });
    void this.#restart();
  }

  /** A server that somebody has killed comes back and recovers what was committed. */
  async #restart(): Promise<void> {
    for (let restarts = 0; restarts <= RESTARTS; restarts += 1) {
      await this.#postmaster?.ended;
      if (this.#ending) return;
      try {
        this.#starting = this.#startAgain?.().then((postmaster) => void (this.#postmaster = postmaster));
        await this.#starting;
      } catch {
        break;
      }
    }
    await this.#end();
  }

  /** A prepared cluster that something has damaged since is made anew, once. */
  async #startOn(
    source: ClusterSource,
    listening: Listening,
    settings: Readonly<Record<string, string>>,
  ): Promise<Postmaster> {
    for (let attempt = 1; ; attempt += 1) {
      this.#steps.begin('preparing a cluster (initdb)');
      const cluster = await prepareCluster(this.#places.cache, source);
      this.#steps.begin('copying the prepared cluster');
      const data = accountFolder(dataPath(this.#run), this.#account);
      try {
        await copyCluster(cluster, data, source);
        this.#steps.begin('starting postgres');
        const { account, binaries } = source;
        const { folder } = binaries;
        const options = { binaries: folder, data, listening, settings, account, signal: source.signal };
        this.#startAgain = () => Postmaster.start(options);
        return await this.#startAgain();
      } catch (error) {
        if (attempt > 1 || this.#ending || Object.keys(settings).length > 0) throw error;
        discardCluster(cluster);
        rmSync(data, { recursive: true, force: true });
      }
    }
  }

  async #listening(): Promise<{ greeting: Ready; listening: Listening }> {
    const { transport = process.platform === 'win32' ? 'tcp' : 'socket' } = this.#options;
    const common = { status: 'ready', user: SUPERUSER, member: 0, again: false, run: this.#run, steps: [] } as const;

    if (transport === 'socket') {
      const folder = accountFolder(join(this.#run, 'socket'), this.#account);
      return {
        greeting: { ...common, host: folder, port: PORT },
        listening: { transport, folder, port: PORT },
      };
    }
    const port = await freePort();
    const password = randomBytes(16).toString('hex');
    return { greeting: { ...common, host: '127.0.0.1', port, password }, listening: { transport, port, password } };
  }

  #join(socket: Socket): void {
    // Whoever comes while we end gets no greeting and so starts a server anew.
    if (this.#ending) {
      socket.destroy();
      return;
    }
    this.#members.add(socket);
    let said = '';
    const lines = (): string[] => said.split('\n').slice(0, -1);
    const heard = new Promise<string>((resolve) => {
      socket.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const [holder] = lines();
        if (holder !== undefined) resolve(holder);
      });
    });
    void Promise.all([heard, this.#greeted]).then(([holder, greeting]) => {
      this.#tell(socket, holder, greeting);
      this.#meet();
    });

    const leave = (): void => {
      if (!this.#members.has(socket) || this.#ending) return;
      const [hello = '', ...more] = lines();
      const farewell = more.includes(GOODBYE);
      if (farewell) this.#holders.delete(nameOf(hello));
      const last = this.#members.size === 1 && !this.#starterWaits;
      // The last one is answered when everything is gone.
      if (last && farewell && !this.#mourns(socket)) return void this.#end();
      this.#members.delete(socket);
      socket.end();
      if (last && this.#greeting === undefined) return void this.#end();
      this.#mourn();
    };
    socket.resume().on('end', leave).on('close', leave).on('error', leave);
  }

  #greet(greeting: Greeting): void {
    this.#greeting ??= greeting;
    this.#welcome(this.#greeting);
  }

  #tell(socket: Socket, hello: string, greeting: Greeting): void {
    const [name, pid] = [nameOf(hello), Number(hello.split(' ')[1])];
    const former = this.#holders.get(name);
    const member = former?.number ?? (this.#joined += 1);
    this.#holders.set(name, { number: member, pid: Number.isNaN(pid) ? undefined : pid, socket });
    const again = former !== undefined;
    const prepared = member === 1 && !again && { prepared: PREPARED_DATABASE };
    const own = greeting.status === 'ready' ? { ...greeting, member, again, ...prepared } : greeting;
    socket.write(`${JSON.stringify(own)}\n`);
  }

  /**
   * Whether somebody has died whose process lives, and may come back. Those that cannot are forgotten: their ids are
   * used again.
   *
   * @param leaving a member that does not count any more
   */
  #mourns(leaving?: Socket): boolean {
    const dead = [...this.#holders].filter(([, { socket }]) => socket === leaving || !this.#members.has(socket));
    for (const [name, { pid }] of dead) if (pid === undefined || !isAlive(pid)) this.#holders.delete(name);
    return dead.some(([name]) => this.#holders.has(name));
  }

  /** Ends when nobody is left who could come back. */
  #mourn(): void {
    clearTimeout(this.#mourning);
    if (this.#ending) return;
    if (this.#mourns()) this.#mourning = setTimeout(() => this.#mourn(), MOURNING);
    else this.#endIfAlone();
  }

  #endIfAlone(): void {
    if (this.#members.size === 0 && !this.#starterWaits && !this.#mourns()) void this.#end();
  }

  #starterLeft(): void {
    this.#starterWaits = false;
    this.#meet();
    this.#endIfAlone();
  }

  /** Ends, once somebody has come to hear why. */
  async #fail(error: unknown): Promise<void> {
    this.#greet(failure(error));
    setTimeout(this.#meet, LAST_RESORT).unref();
    await this.#met;
    await this.#end();
  }

  async #end(): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    setTimeout(() => process.exit(1), LAST_RESORT).unref();

    dropClaim(this.#places.claims, this.#options.key, this.#control);
    this.#server.close();
    this.#aborted.abort();
    // A server that is still starting ends by the abort.
    await this.#starting?.catch(() => undefined);
    await this.#postmaster?.stop();
    await removeRun(this.#run);

    await Promise.all([...this.#members].map((socket) => new Promise<void>((resolve) => socket.end(resolve))));
    process.exit();
  }
}

/** Of a member that has greeted: its process's id may stand behind the name. */
function nameOf(hello: string): string {
  return hello.split(' ')[0] ?? hello;
}

function announce(what: Announcement): void {
  process.stdout.write(`${what}\n`);
}

process.umask(0o022);
// The starter may be gone before it has read what we print.
process.stdout.on('error', () => undefined);
await new Keeper(JSON.parse(process.argv[2] ?? '') as KeeperOptions).keep();
