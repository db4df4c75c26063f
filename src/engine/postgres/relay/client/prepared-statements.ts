import type { Effect } from '../../../../sql/effect.js';
import * as front from '../../wire/frontend.js';
import type { Emulation } from '../emulation.js';
import type { Work } from '../work.js';
import type { Hub } from '../hub/hub.js';
import type { RealConnection } from '../real.js';
import type { Statement } from '../statement.js';
import { type Undo, undoing } from './undoing.js';

/** DEALLOCATE ALL for one of many: those of the protocol, and those that PREPARE has made. */
export function deallocating(prefix: string): string {
  const all = `SELECT name FROM pg_catalog.pg_prepared_statements WHERE pg_catalog.starts_with(name,'${prefix}')`;
  const each = "EXECUTE pg_catalog.format('DEALLOCATE %I',r.name)";
  return `DO LANGUAGE plpgsql $lockstep$DECLARE r record;BEGIN FOR r IN ${all} LOOP ${each};END LOOP;END$lockstep$`;
}

/** A prepared statement. Without `statement` its text is none that could be read. */
export interface Prepared {
  readonly sql: string;
  readonly statement: Statement | undefined;
  /** Whether the relay answers it. */
  readonly local: boolean;
  /** Types of the parameters, as they were sent. */
  readonly rest: Buffer;
  /** What the server gets in its place, where it was prepared before the first scope; see setup.ts. */
  readonly words?: string;
  /** The real connection that it was prepared on. */
  on: RealConnection | undefined;
}

/** The statements that a client has prepared. On the server their names begin with the client's prefix. */
export class PreparedStatements {
  readonly #owner: object;
  readonly #emulation: Emulation;
  readonly #hub: Hub;
  readonly #statements = new Map<string, Prepared>();

  /** @param owner by whom the hub knows whose the unnamed statement is. */
  constructor(owner: object, emulation: Emulation, hub: Hub) {
    this.#owner = owner;
    this.#emulation = emulation;
    this.#hub = hub;
  }

  /** Those that have a name. */
  get named(): Iterable<readonly [name: string, prepared: Prepared]> {
    return [...this.#statements].filter(([name]) => name !== '');
  }

  has(name: string): boolean {
    return this.#statements.has(name);
  }

  get(name: string): Prepared | undefined {
    return this.#statements.get(name);
  }

  /** Returns what brings the statement of that name back that was there before. */
  set(name: string, prepared: Prepared): Undo {
    const restore = undoing(this.#statements, name, () => true);
    this.#statements.set(name, prepared);
    return restore;
  }

  /** Returns what brings it back. */
  delete(name: string): Undo {
    const restore = undoing(this.#statements, name, () => true);
    this.#statements.delete(name);
    return restore;
  }

  /** A simple query ends the unnamed statement. */
  deleteUnnamed(): void {
    this.#statements.delete('');
  }

  /** All but the unnamed one have gone. */
  clear(): void {
    for (const name of this.#statements.keys()) if (name !== '') this.#statements.delete(name);
  }

  /** What the server calls it. */
  realName(name: string): string {
    return name === '' ? '' : this.#emulation.prefix + name;
  }

  /** The text for the server: with its own names for statements, and with what was before it, for the places of errors. */
  realText({ sql, statement, words }: Prepared): string {
    if (words !== undefined) return words;
    if (statement === undefined) return sql;
    const text = this.#emulation.renamed(statement.sql, statement.special);
    return text === sql.trim() ? sql : sql.slice(0, statement.start) + text;
  }

  /** A statement that the real connection has lost, or that another client's has replaced, is prepared again. */
  replay(name: string, prepared: Prepared, failed: (error: Buffer) => void): void {
    const { real } = this.#hub;
    const there = prepared.on === real && (name !== '' || this.#hub.ground.unnamed === this.#owner);
    if (there) return;

    prepared.on = real;
    if (name === '') this.#hub.ground.unnamed = this.#owner;
    const text = this.#hub.wording.textOf(this.realText(prepared));
    real.send(front.parse(this.realName(name), text, prepared.rest), {
      kind: 'parse',
      to: undefined,
      failed: (error) => {
        prepared.on = undefined;
        failed(error);
      },
      dropped: () => (prepared.on = undefined),
    });
  }

  /** DISCARD ALL, DEALLOCATE ALL: those of this client only. */
  *forget(): Work {
    this.#emulation.enter();
    yield { kind: 'own', statements: [deallocating(this.#emulation.prefix)] };
    this.clear();
  }

  /** The client has gone. */
  closeLater(): void {
    for (const [name, { on }] of this.#statements)
      if (on === this.#hub.real && name !== '') this.#hub.ground.closeLater('statement', this.realName(name));
  }
}

/** Whether the statement ends a transaction, or goes back in it: what a failed one still runs. */
export function ends(statement: Statement | undefined): boolean {
  return statement !== undefined && ENDINGS.has(statement.effect.kind);
}

const ENDINGS: ReadonlySet<Effect['kind']> = new Set<Effect['kind']>(['commit', 'rollback', 'rollbackTo']);
