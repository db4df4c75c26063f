import type { EndedOwner } from '../../../../sandbox/vocabulary.js';
import { lockError } from '../../../../sandbox/stall.js';
import { stragglerError } from '../../../../sandbox/scope-errors.js';
import { parameterStatus } from '../../wire/backend.js';
import { Front, readParse, readQuery } from '../../wire/frontend.js';
import { FrontendReader } from '../../wire/frontend-reader.js';
import type { RolledBack } from '../client/carried-session.js';
import type { Client } from '../client/client.js';
import type { Line } from '../client/line.js';
import { lockstepFailure } from '../failure.js';
import { readScript, type Script } from '../statement.js';
import type { Receiver } from '../hosts/socket-line.js';
import type { BackendEnd } from '../hosts/upstream.js';
import type { Hub } from '../hub/hub.js';
import { type Connect, DirectConnection } from './direct-connection.js';

/** What a line has to know of the room that it is in. */
export interface Room {
  readonly hub: Hub;
  /** Makes backends on the separate database; undefined while everybody is in the sandbox. */
  readonly connect: Connect | undefined;
  /** Settings that come with the database. */
  readonly settings: readonly string[];
  /** Settings that the session begins with. */
  readonly ofSession: readonly string[];
  readonly processIds: Map<number, number>;
  /** A backend that was connected ahead, for the session; undefined where there is none. */
  takeAhead(): { readonly end: BackendEnd | undefined; hand(direct: DirectConnection): void } | undefined;
  gone(line: SwitchedLine): void;
  /** The client has sent something to its own backend. */
  sent(line: SwitchedLine): void;
}

/** A client's line: it leads to the sandbox, or to a backend of the client's own. */
export class SwitchedLine implements Receiver {
  readonly client: Client;
  readonly #room: Room;
  readonly #line: Line;
  #direct: DirectConnection | undefined;
  /** The number of the transaction that was open when the function of the test began; undefined for none. */
  #ofHooks: number | undefined;

  constructor(room: Room, line: Line, accept: (line: Line) => Client) {
    this.#room = room;
    this.#line = line;
    // The sandbox says goodbye: there is no other place to be then.
    this.client = accept({
      password: line.password,
      write: (bytes) => line.write(bytes),
      pause: () => line.pause(),
      resume: () => line.resume(),
      end: () => {
        this.#over();
        line.end();
      },
      destroy: () => {
        this.#over();
        line.destroy();
      },
    });
  }

  receive(chunk: Buffer, owner?: EndedOwner): void {
    const { connect, hub } = this.#room;
    if (connect === undefined) return this.client.receive(chunk, owner);

    hub.catchUp();
    const direct = this.#leadsOut(owner) && !this.#opens(chunk) ? (this.#direct ?? this.open()) : undefined;
    if (direct === undefined) this.client.receive(chunk, owner);
    else {
      direct.receive(chunk);
      this.#mark();
      this.#room.sent(this);
    }
  }

  disconnected(): void {
    this.#over();
    this.client.disconnected();
  }

  #over(): void {
    this.#close();
    this.#room.gone(this);
  }

  /** What a test has begun outside ends there; everything else is refused or answered by the sandbox. */
  #leadsOut(owner: EndedOwner | undefined): boolean {
    if (this.#direct?.underWay === true) return true;
    return owner === undefined && !this.#room.hub.scopes.gate.shut && !this.client.carried.owesAnEnd;
  }

  /**
   * Whether a driver or pool sets what a new connection begins with: that stays with it in the sandbox too, which
   * therefore has to hear it first. Its own backend is told when it gets one.
   */
  #opens(chunk: Buffer): boolean {
    const { carried, opening, own } = this.client;
    if (!opening.going || own || this.#direct?.underWay === true || this.#direct?.inTransaction === true) return false;

    const script = scriptOf(chunk);
    if (script !== undefined && setsOnly(script)) {
      this.#close();
      carried.back();
      return true;
    }
    opening.runs(script);
    return false;
  }

  /** Gives the client a backend of its own. */
  open(): DirectConnection | undefined {
    const { client } = this;
    const { connect, hub, ofSession, settings } = this.#room;
    if (connect === undefined || this.#direct !== undefined) return this.#direct;

    const direct: DirectConnection = new DirectConnection(
      {
        silent: client.own,
        write: (bytes) => this.#line.write(bytes),
        log: (statement) => void hub.log.add({ connection: client.name, ...statement }),
        answered: () => this.#answered(),
        rolledBack: () => this.#rolledBack('at the end'),
        interrupted: (rest) => {
          this.#mark();
          if (rest.length > 0) this.client.receive(rest);
        },
        leaves: () => this.client.hang(),
        ended: () => this.#lost(),
        processIdOf: (backend) => this.#room.processIds.get(backend) ?? backend,
        now: () => hub.now(),
      },
      {
        settings: [...settings, ...(client.own ? ofSession : client.carried.settings)],
        statements: client.carried.statements,
      },
    );
    this.#direct = direct;
    client.carried.gone();
    const ahead = client.own ? this.#room.takeAhead() : undefined;
    if (ahead?.end === undefined) void direct.open(connect).then(() => this.#numbered());
    else {
      ahead.hand(direct);
      direct.attach(ahead.end);
      this.#numbered();
    }
    return direct;
  }

  #numbered(): void {
    const number = this.#direct?.end?.processId;
    if (number !== undefined) this.#room.processIds.set(number, this.client.processId);
  }

  get direct(): DirectConnection | undefined {
    return this.#direct;
  }

  #answered(): void {
    const { noticeboard } = this.#room.hub;
    if (this.client.own) noticeboard.sessionOpen(this.#direct?.inTransaction === true);
    else noticeboard.answered();
    this.#mark();
  }

  #mark(): void {
    const direct = this.#direct;
    if (this.client.own) return;
    const busy = direct !== undefined && (direct.underWay || direct.inTransaction);
    this.#room.hub.noticeboard.markOutside(this.client, busy ? direct : undefined);
  }

  #rolledBack(how: RolledBack, lastSql?: string): void {
    const { client } = this;
    if (client.own) this.#room.hub.noticeboard.sessionOpen(false);
    else {
      // The sandbox has to name what it has never seen.
      client.lastSql = lastSql ?? client.lastSql;
      client.carried.rolledBack(how);
    }
    this.#mark();
  }

  /** The server has ended the connection: so does the client's. */
  #lost(): void {
    this.#direct = undefined;
    this.#mark();
    this.client.hang();
  }

  // ---- tests

  functionBegins(): void {
    this.#ofHooks = this.#direct?.inTransaction === true ? this.#direct.transactions : undefined;
  }

  /** The function of a test has failed: hooks behind it are not to wait for its locks. */
  abandon(): void {
    this.#undo('forgiven');
  }

  /** Somebody waits for what the function of the test has left open: whether that was rolled back. */
  giveWay(): boolean {
    return this.#undo('to others');
  }

  #undo(how: RolledBack): boolean {
    const direct = this.#direct;
    if (direct === undefined || this.client.own || direct.underWay || !direct.inTransaction) return false;
    if (this.#ofHooks === direct.transactions) return false;
    direct.rollBack(() => this.#rolledBack(how, direct.lastSql));
    return true;
  }

  /** The session waits for a lock that it will not get. */
  waitsInVain(holder: SwitchedLine, waited: number): void {
    const [direct, other] = [this.#direct, holder.direct];
    if (direct === undefined || other === undefined) return;

    const error = lockError(
      { connection: this.client.name, sql: direct.lastSql },
      { connection: holder.client.name, lastSql: other.lastSql, idle: !other.underWay },
      waited,
    );
    direct.fail(lockstepFailure(error));
  }

  /** The scope is over. */
  endScope(title: string | undefined): void {
    const direct = this.#direct;
    this.#ofHooks = undefined;
    if (direct !== undefined) {
      const { name } = this.client;
      direct.interrupt(lockstepFailure(stragglerError(name, direct.lastSql, title)));
    }
  }

  /** Back to the sandbox, as it was before, with what it has prepared. */
  comeBack(): void {
    const direct = this.#direct;
    if (direct === undefined) return;
    const { client } = this;
    const { carried } = client;
    const { gone, named } = direct.prepared;
    const { changedSettings, inTransaction, underWay, unread } = direct;
    this.#close();
    carried.back();

    // What did not end in time ends like this: nothing can be told amid an answer.
    if (underWay && unread.length === 0) return client.end('57P01', 'the separate database of outside() was dropped');
    for (const name of gone) carried.closed(name);
    for (const [name, { sql, rest }] of named) carried.prepared(name, sql, rest);
    for (const [name, value] of changedSettings) this.#line.write(parameterStatus(name, value));
    if (inTransaction) this.#rolledBack('at the end');
    if (unread.length > 0) client.receive(unread);
  }

  #close(): void {
    const direct = this.#direct;
    this.#direct = undefined;
    direct?.close();
    this.#mark();
    if (this.client.own && direct?.inTransaction === true) this.#room.hub.noticeboard.sessionOpen(false);
  }
}

/** What the first message of a chunk runs or prepares; undefined where that cannot be told. */
function scriptOf(chunk: Buffer): Script | undefined {
  const reader = new FrontendReader();
  reader.started();
  reader.push(chunk);
  const frame = reader.next();
  if (frame?.type === Front.query) return readScript(readQuery(frame));
  return frame?.type === Front.parse ? readScript(readParse(frame).sql) : undefined;
}

const SETTING: ReadonlySet<string> = new Set(['set', 'reset', 'config', 'timeouts']);

function setsOnly({ statements }: Script): boolean {
  return statements.length > 0 && statements.every(({ special }) => special !== undefined && SETTING.has(special.kind));
}
