import { STATEMENT_TIMEOUTS } from '../ending-timeouts.js';
import { asLoginUser, hasIdentity, IDENTITY } from '../identity.js';
import { changeSettings, type SettingChange } from '../session-state.js';
import { afterText, afterTurn, hiding, NO_TEMPORARIES, showing, type Temporaries } from '../temporaries.js';

type Settings = ReadonlyMap<string, string>;

/** Whose turn it is, and the settings of its own. */
export interface Owner {
  readonly id: number;
  readonly settings: Settings;
}

/** What brings the real connection from one client's belongings to another's. */
export interface Change {
  /** Never empty. */
  readonly statements: readonly string[];
  /** Whether the server will take them: nobody has to wait for its answer. */
  readonly sure: boolean;
  /** To be called when the server has taken them, or before where that is sure. */
  made(): void;
}

/** Those that say as whom statements run: what the server has taken it takes again until a role was changed. */
const isIdentity = (name: string): boolean => IDENTITY.includes(name);

/** What was in force when a scope began. */
export interface Belonging {
  readonly applied: Settings;
  readonly temporaries: Temporaries;
}

export const NOTHING_APPLIED: Belonging = { applied: new Map(), temporaries: NO_TEMPORARIES };

/**
 * Settings whose values mean nothing but themselves. What a server has taken once it takes again,
 * whoever asks; a role or a tablespace may have gone meanwhile.
 */
const STEADY: ReadonlySet<string> = new Set([
  ...['application_name', 'bytea_output', 'client_encoding', 'client_min_messages', 'datestyle', 'search_path'],
  ...['escape_string_warning', 'extra_float_digits', 'intervalstyle', 'lock_timeout'],
  ...['standard_conforming_strings', 'statement_timeout', 'timezone', 'transform_null_equals', 'work_mem'],
  'xmloption',
]);

function without(settings: Settings, names: readonly string[]): Settings {
  return new Map([...settings].filter(([name]) => !names.includes(name)));
}

const AS_ANOTHER = /\b(?:role|authorization)\b/i;

/** How many statements are remembered. */
const MANY = 1000;

/**
 * What clients have of their own on the connection that all share: settings and temporary tables.
 * Those of whoever has the turn are in force, and the others' are out of the way.
 */
export class Belongings {
  /** The settings that are in force below the guard. */
  applied: Settings = NOTHING_APPLIED.applied;
  #temporaries = NO_TEMPORARIES;
  /** Statements that the server has taken. */
  readonly #taken = new Set<string>();

  /** The client, which has the turn, is about to run the text. */
  saw(id: number, sql: string): void {
    this.#temporaries = afterText(this.#temporaries, id, sql);
  }

  /** What has to be done before the client's turn; undefined if nothing has. */
  changeTo({ id, settings }: Owner): Change | undefined {
    const temporaries = this.#temporaries;
    const renamed = [...hiding(temporaries, id), ...showing(temporaries, id)];
    // Renaming may take longer than whoever spoke last has allowed for its own statements.
    const limits = renamed.length === 0 ? [] : STATEMENT_TIMEOUTS.filter((name) => this.applied.has(name));
    const unlimited = limits.map((name) => `SET ${name}=0`);
    const changes = changeSettings(limits.length === 0 ? this.applied : without(this.applied, limits), settings);
    if (changes.length + renamed.length === 0) return undefined;

    const switched = changes.map(({ sql }) => sql);
    const others = hasIdentity(this.applied) || hasIdentity(settings);
    return {
      statements:
        renamed.length > 0 && others
          ? asLoginUser([...unlimited, ...renamed, ...switched], settings)
          : [...unlimited, ...renamed, ...switched],
      sure: renamed.length === 0 && changes.every((change) => this.#sure(change)),
      made: () => {
        this.applied = settings;
        this.#temporaries = afterTurn(this.#temporaries, id);
        this.#remember(changes);
      },
    };
  }

  #sure({ name, sql }: SettingChange): boolean {
    if (isIdentity(name)) return sql.startsWith('RESET') || this.#taken.has(sql);
    return STEADY.has(name) && this.#taken.has(sql);
  }

  /** Roles may have been made, changed or dropped, or that was rolled back. */
  rolesChanged(): void {
    for (const sql of this.#taken) if (AS_ANOTHER.test(sql)) this.#taken.delete(sql);
  }

  #remember(changes: readonly SettingChange[]): void {
    if (this.#taken.size > MANY) this.#taken.clear();
    for (const { sql } of changes) this.#taken.add(sql);
  }

  get all(): Belonging {
    return { applied: this.applied, temporaries: this.#temporaries };
  }

  /** What lay above was rolled back. */
  restore({ applied, temporaries }: Belonging): void {
    this.applied = applied;
    this.#temporaries = temporaries;
  }
}
