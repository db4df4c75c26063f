import { ServerError } from '../../../../errors.js';
import { type Inheritance, inheritanceOf } from '../inheritance.js';
import { quoteLiteral } from '../quote.js';
import type { Hub } from './hub.js';

/** As whom a client is let in. */
export interface Login {
  /** The role, where it is another one than that of the real connection. */
  readonly role: string | undefined;
  readonly superuser: boolean;
  readonly inheritance: Inheritance;
  /** The values of settings that come with the login, by their names in lower case. */
  readonly values: ReadonlyMap<string, string>;
}

/** Why a client is not let in, in the words of a server or of Lockstep. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  /** Stable code of an error of Lockstep. */
  readonly routine?: string;
}

/** How long it is waited for a moment in which the server can be asked, in milliseconds. */
const PATIENCE = 500;
const PAUSE = 5;
const FAILED = 'E'.charCodeAt(0);

/**
 * What a server knows of a role: whether it may log in, and the settings that it brings, the most particular last
 * (process_settings in postinit.c). One row for each setting, or one without.
 */
const asking = (role: string): string =>
  'SELECT r.rolcanlogin, r.rolsuper, ' +
  "pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CONNECT'), s.setting " +
  'FROM pg_catalog.pg_roles r LEFT JOIN (SELECT setrole, setdatabase, pg_catalog.unnest(setconfig) AS setting ' +
  'FROM pg_catalog.pg_db_role_setting WHERE setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database ' +
  'WHERE datname = pg_catalog.current_database()))) s ON s.setrole IN (0, r.oid) ' +
  `WHERE r.rolname = ${quoteLiteral(role)} ORDER BY s.setrole <> 0, s.setdatabase <> 0`;

type Rows = readonly (readonly (string | null)[])[];

/** Who may log in, and what comes with the login. */
export class Logins {
  /** Whether what new connections begin with has changed since the real one has begun. */
  changed = false;
  readonly #hub: Hub;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** The user of the real connection, as the server has told it. */
  get owner(): string | undefined {
    return this.#hub.link.defaults.get('session_authorization');
  }

  /** The login of whoever comes as the user of the real connection. */
  get ownLogin(): Login {
    const { inheritance } = this.#hub.link;
    return { role: undefined, superuser: this.#ownerIsSuper, inheritance, values: new Map() };
  }

  get #ownerIsSuper(): boolean {
    return this.#hub.link.defaults.get('is_superuser') === 'on';
  }

  /**
   * Finds out whether a role may log in; that may be known at once.
   *
   * @param user undefined for the user of the real connection
   * @param database as the client has named it
   */
  look(user: string | undefined, database: string, done: (found: Login | Refusal) => void): void {
    if (user === undefined && !this.changed) return done(this.ownLogin);

    this.#hub.link.whenOpen((lost) => {
      if (lost !== undefined) return done({ code: '57P03', message: lost.message });
      const role = user ?? this.owner ?? '';
      if (role === this.owner && !this.changed) return done(this.ownLogin);
      if (role !== this.owner && !this.#ownerIsSuper) return done(this.#cannotBe(role));
      this.#ask(asking(role), this.#hub.now() + PATIENCE, (rows) => done(this.#read(role, database, rows)));
    });
  }

  /** Asks the server when it does not disturb anybody. Without an answer whoever comes is let in: its statements will tell. */
  #ask(sql: string, limit: number, done: (rows: Rows | undefined) => void): void {
    const { ground, link, turns } = this.#hub;
    const { real } = link;
    if (!link.open) return done(undefined);
    if (turns.holder === undefined)
      return ground.look(sql, ({ error, rows }) => done(error === undefined ? rows : undefined));
    if (!real.unsynced && real.idle && real.status !== FAILED)
      return real.askQuietly([sql], ({ error, rows }) => done(error === undefined ? rows : undefined));

    if (this.#hub.now() > limit) return done(undefined);
    this.#hub.after(PAUSE, () => this.#ask(sql, limit, done));
  }

  #read(role: string, database: string, rows: Rows | undefined): Login | Refusal {
    const other = role === this.owner ? undefined : role;
    const found = (superuser: boolean, values: ReadonlyMap<string, string>): Login => ({
      role: other,
      superuser,
      // What only a superuser may set has to come before the role.
      inheritance: inheritanceOf([...values, ...logIn(other)]),
      values,
    });
    if (rows === undefined) return found(false, new Map());

    const [first] = rows;
    if (first === undefined) return { code: '28000', message: `role "${role}" does not exist` };
    const [login, superuser, connect] = first;
    if (login !== 't') return { code: '28000', message: `role "${role}" is not permitted to log in` };
    if (connect !== 't')
      return {
        code: '42501',
        message: `permission denied for database "${database}"`,
        detail: 'User does not have CONNECT privilege.',
      };

    const settings = new Map(
      rows.map(([, , , setting]) => readSetting(setting)).filter((setting) => setting !== undefined),
    );
    return found(superuser === 't', settings);
  }

  #cannotBe(role: string): Refusal {
    const { code, message } = new ServerError({
      what: `The sandbox cannot act as the role "${role}".`,
      why: `Its connection to the server is that of "${this.owner ?? ''}", which is no superuser: only one may take the place of another role.`,
      remedy: `Let database.url name a superuser, whom only Lockstep will be, or connect as "${this.owner ?? ''}".`,
    });
    return { code: '28000', message, routine: code };
  }
}

function logIn(role: string | undefined): readonly (readonly [name: string, value: string])[] {
  return role === undefined ? [] : [['session_authorization', role]];
}

/** `name=value`, as setconfig has it. */
function readSetting(setting: string | null | undefined): readonly [name: string, value: string] | undefined {
  const equals = setting?.indexOf('=') ?? -1;
  if (typeof setting !== 'string' || equals < 0) return undefined;
  return [setting.slice(0, equals).toLowerCase(), setting.slice(equals + 1)];
}
