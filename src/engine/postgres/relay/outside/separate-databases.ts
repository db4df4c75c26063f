import { randomBytes } from 'node:crypto';
import { OutsideError } from '../../../../errors.js';
import { runnerWords } from '../../../../runner-words.js';
import type { BackendEnd, TakeOver } from '../hosts/upstream.js';
import type { Hub } from '../hub/hub.js';
import { configuring } from '../session-state.js';
import { quoteLiteral, quoteName } from '../quote.js';
import type { Told } from '../real.js';
import type { RawConnection } from '../server-module.js';
import { OwnConnection, Refused, type Rows } from './own-connection.js';

/** What the databases are made by. */
export interface Surroundings {
  readonly hub: () => Hub;
  /** Connects to a database of the sandbox's server: by default to that of the sandbox. */
  readonly connect: (database?: string) => Promise<RawConnection>;
  readonly takeOver: TakeOver;
}

/** A database that is there for one `describe`. */
export interface SeparateDatabase {
  readonly name: string;
  /** The statements that make what the sandbox's database gives to each new connection. */
  readonly settings: readonly string[];
}

/** What the server cuts names at. */
const LONGEST = 63;
const SUFFIX = '_outside_test_12345678_1234'.length;

const OTHERS = '55006';
const DENIED = '42501';
const INSIDE = '25001';

/**
 * Real databases beside the sandbox's, with the content that it has before the first scope. One copy is kept for the
 * run, and each `describe` that needs one gets a copy of that. A server copies a database that nobody else is
 * connected to, so the first copy is made by the sandbox's own connection, ahead of all tests.
 *
 * While their process lives, it holds an advisory lock of the sandbox's database, by the number in their names.
 */
export class SeparateDatabases {
  readonly #surroundings: Surroundings;
  readonly #token = randomBytes(4).toString('hex');
  #kept: string | undefined;
  #failure: unknown;
  #own: OwnConnection | undefined;
  #count = 0;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Keeps a copy of the sandbox's database as it is now. What prevents that is told by `make`. */
  async keep(): Promise<void> {
    if (this.#kept !== undefined) return;
    const { hub } = this;

    this.#failure = undefined;
    try {
      await new Promise<void>((resolve, reject) =>
        hub.link.whenOpen((lost) => (lost === undefined ? resolve() : reject(lost))),
      );
      await this.#asLoginUser();
      const name = `${this.#prefix}${this.#token}`;
      // Nobody looks for leftovers meanwhile: that is done behind a copy, when nobody else is connected.
      await this.#askReal(`CREATE DATABASE ${quoteName(name)} TEMPLATE ${quoteName(hub.link.database ?? '')}`);
      this.#kept = name;
      await this.#clean(await this.#connected());
    } catch (error) {
      this.#failure = error;
    }
  }

  /** @throws OutsideError saying why there can be none. */
  async make(): Promise<SeparateDatabase> {
    if (this.#kept === undefined) throw notMade(this.#failure);

    const name = `${this.#kept}_${(this.#count += 1)}`;
    try {
      const own = await this.#connected();
      await own.ask(`CREATE DATABASE ${quoteName(name)} TEMPLATE ${quoteName(this.#kept)}`);
      const rows = await own.ask(SETTINGS);
      return { name, settings: rows.flatMap(([setting]) => settingOf(setting)) };
    } catch (error) {
      throw notMade(error);
    }
  }

  /** @throws Error when the server does not do it. */
  async drop(name: string): Promise<void> {
    const own = await this.#connected();
    try {
      await own.ask(dropping(name));
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== OTHERS) throw error;
      // FORCE ends connections, and a prepared transaction has none.
      await this.#endPrepared(name);
      await own.ask(dropping(name));
    }
  }

  async #endPrepared(name: string): Promise<void> {
    const { connect, takeOver } = this.#surroundings;
    const there = new OwnConnection(await connect(name), takeOver);
    try {
      const rows = await there.ask(
        'SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database=pg_catalog.current_database()',
      );
      for (const [gid] of rows) await there.ask(`ROLLBACK PREPARED ${quoteLiteral(gid ?? '')}`);
    } finally {
      there.close();
    }
  }

  /** Asks the server something at once, and tells what it answers; false where it cannot be asked now. */
  look(sql: string, answered: (rows: Rows | undefined) => void): boolean {
    const own = this.#own;
    if (own === undefined || own.ended || own.asked) return false;
    own.askNow(sql, (answer) => answered(answer instanceof Error ? undefined : answer));
    return true;
  }

  /** Where an answer is to come from. */
  get asked(): BackendEnd | undefined {
    return this.#own?.asked === true ? this.#own.end : undefined;
  }

  /** Drops the copy that is kept. */
  async close(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    try {
      if (kept !== undefined) await this.drop(kept);
    } finally {
      this.#own?.close();
      this.#own = undefined;
    }
  }

  get hub(): Hub {
    return this.#surroundings.hub();
  }

  get #prefix(): string {
    const name = this.hub.link.database ?? '';
    const base = Buffer.from(name)
      .subarray(0, LONGEST - SUFFIX)
      .toString()
      .replace(/\uFFFD+$/, '');
    return base.toLowerCase().includes('test') ? `${base}_outside_` : `${base}_outside_test_`;
  }

  /** What clients have set on the connection of all is no matter of the copy. */
  async #asLoginUser(): Promise<void> {
    const change = this.hub.ground.belongings.changeTo({ id: 0, settings: new Map() });
    if (change === undefined) return;
    await this.#askReal(change.statements.join(';'));
    change.made();
  }

  /** By the connection of all, where nobody is amid anything. */
  #askReal(sql: string): Promise<void> {
    const { link, real } = this.hub;
    return new Promise((resolve, reject) => {
      let told: Told | undefined;
      real.ask(sql, (answer) => (told = { ...answer, error: answer.error && Buffer.from(answer.error) }));
      link.whenIdle(() => {
        if (told === undefined) reject(new Error('the connection to the server was lost'));
        else if (told.error !== undefined) reject(new Refused(told.error));
        else resolve();
      });
      this.hub.flush();
    });
  }

  async #connected(): Promise<OwnConnection> {
    if (this.#own !== undefined && !this.#own.ended) return this.#own;
    const { connect, takeOver } = this.#surroundings;
    const own = (this.#own = new OwnConnection(await connect(), takeOver));
    await own.ask(locking('pg_advisory_lock', this.#token));
    return own;
  }

  /** Drops those that processes have left which ended without a word. */
  async #clean(own: OwnConnection): Promise<void> {
    const prefix = this.#prefix;
    const rows = await own.ask(
      `SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname::text,${quoteLiteral(prefix)}) AND NOT datistemplate`,
    );
    for (const [name] of rows) {
      const token = /^([0-9a-f]{8})(?:_\d+)?$/.exec(name?.slice(prefix.length) ?? '')?.[1];
      if (typeof name !== 'string' || token === undefined || token === this.#token) continue;
      const [[free] = []] = await own.ask(locking('pg_try_advisory_lock', token));
      if (free !== 't') continue;
      await this.drop(name).catch(() => undefined);
      await own.ask(locking('pg_advisory_unlock', token));
    }
  }
}

/** Settings of the database, and of its login role there, which a copy does not have. */
const SETTINGS =
  'SELECT pg_catalog.unnest(setconfig) FROM pg_catalog.pg_db_role_setting WHERE setdatabase=(SELECT oid FROM pg_catalog.pg_database ' +
  'WHERE datname=pg_catalog.current_database()) AND setrole IN (0,(SELECT oid FROM pg_catalog.pg_roles WHERE rolname=session_user)) ORDER BY setrole';

function settingOf(setting: string | null | undefined): string[] {
  const equals = setting?.indexOf('=') ?? -1;
  if (typeof setting !== 'string' || equals < 0) return [];
  return [configuring(setting.slice(0, equals), setting.slice(equals + 1))];
}

function locking(call: string, token: string): string {
  return `SELECT pg_catalog.${call}(pg_catalog.hashtext('lockstep outside'),pg_catalog.hashtext('${token}'))`;
}

function dropping(name: string): string {
  return `DROP DATABASE IF EXISTS ${quoteName(name)} WITH (FORCE)`;
}

function notMade(cause: unknown): OutsideError {
  const { outsideCall } = runnerWords();
  const reason = cause instanceof Error ? cause.message : `${outsideCall} was not known before the tests began`;
  return new OutsideError({
    what: `${outsideCall} needs a database of its own, and none could be made.`,
    why: `${reason}.`.replace(/\.\.$/, '.'),
    remedy: remedyFor(cause instanceof Refused ? cause.code : undefined),
    cause,
  });
}

function remedyFor(code: string | undefined): string {
  switch (code) {
    case OTHERS:
      return `A server copies a database to which nobody else is connected: end other connections to it, and give each process of ${runnerWords().parallel} a database of its own.`;
    case DENIED:
      return 'Let the user of database.url create databases (ALTER ROLE … CREATEDB) and own the one that it names.';
    case INSIDE:
      return 'The app has left a transaction open that it had begun while its files were loaded: end it there.';
    default:
      return "See the server's log, or let Lockstep start a server: without database.url each process has a database of its own.";
  }
}
