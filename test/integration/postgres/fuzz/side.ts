import { serialize as to } from 'pg-protocol';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { type Message, RawClient, socketIn } from '../raw.js';
import { type Lanes, LANES_CONTENTS } from './lanes.js';
import { bytesOf, isSent, mayEnd, type Script, type Sent, textOf, type Unit } from './script.js';
import { CONTENTS } from './statements.js';

/** What the clients of a case are told: a line for each thing that was sent. */
export type Answers = readonly (readonly [sent: string, answer: unknown])[];

interface Seat {
  client: RawClient;
  /** The transaction status that it was told last. */
  status: string;
  /** Whether its transaction has done nothing yet but begin. */
  begun: boolean;
  used: boolean;
}

/** Says nothing before it is cancelled, however early or late that is. */
const SLEEP = 'DO $$ BEGIN PERFORM pg_sleep(20); END $$';

/** In a sandbox VACUUM has nothing to skip. */
const NOT_VACUUMED = /skipping .* can vacuum it/;

/** Clients that stay connected from case to case, on a server or in a sandbox. */
export class Side {
  readonly #host: string;
  readonly #database: string;
  readonly #clients: number;
  /** Whether a client may be kept waiting by another. */
  readonly #queues: boolean;
  #seats: Seat[] = [];

  constructor(host: string, database: string, clients: number, queues: boolean) {
    this.#host = host;
    this.#database = database;
    this.#clients = clients;
    this.#queues = queues;
  }

  /** Connects all clients anew. */
  async open(): Promise<void> {
    this.close();
    this.#seats = await Promise.all(
      Array.from({ length: this.#clients }, async () => ({
        client: await this.#connect(),
        status: 'I',
        begun: false,
        used: false,
      })),
    );
  }

  close(): void {
    for (const { client } of this.#seats) client.close();
    this.#seats = [];
  }

  async perform(script: Script): Promise<Answers> {
    const answers: (readonly [string, unknown])[] = [];
    await this.#discard();

    for (const run of runs(script.units)) {
      const { client } = run[0]!;
      const holder = this.#seats.findIndex(({ status, begun }, index) => index !== client && status !== 'I' && !begun);
      const early = this.#queues && script.early && holder >= 0 && run[0]!.kind !== 'reconnect';
      if (early) await this.#write(run[0]!, script);
      if (holder >= 0) answers.push(await this.#end(holder, script.closing));
      await this.#perform(run, script, early, answers);
    }
    for (const [index, { status }] of this.#seats.entries())
      if (status !== 'I') answers.push(await this.#end(index, script.closing));
    return [...answers, ...(await this.#conclude(CONTENTS))];
  }

  /** All scripts at the same time. Their answers come one script behind the other. */
  async performAtOnce(lanes: Lanes): Promise<Answers> {
    await this.#discard();
    const told = await Promise.allSettled(lanes.map((script, client) => this.#performLane(client, script)));
    const answers = told.flatMap((lane) => {
      if (lane.status === 'rejected') throw lane.reason;
      return lane.value;
    });
    return [...answers, ...(await this.#conclude(LANES_CONTENTS))];
  }

  async #performLane(client: number, script: Script): Promise<(readonly [string, unknown])[]> {
    const answers: (readonly [string, unknown])[] = [];
    for (const run of stretches(script.units)) await this.#perform(run, script, false, answers);
    if (this.#seat(client).status !== 'I') answers.push(await this.#end(client, script.closing));
    return answers;
  }

  /** What is to be seen in the end. */
  async #conclude(contents: string): Promise<(readonly [string, unknown])[]> {
    const answers: (readonly [string, unknown])[] = [];
    const rows = await this.#seat(0).client.exchange(to.query(contents));
    // A server tells of another client's notification when it likes.
    answers.push(['the rows', rows.filter(([kind]) => kind !== 'A')]);
    for (const [index, seat] of this.#seats.entries()) {
      await seat.client.exchange(to.query('SELECT 1'));
      answers.push([`${index} heard`, seat.client.heard.splice(0)]);
      answers.push([`${index} was told`, seat.used ? [...seat.client.parameters] : []]);
    }
    return answers;
  }

  async #perform(
    run: readonly Unit[],
    script: Script,
    early: boolean,
    answers: (readonly [string, unknown])[],
  ): Promise<void> {
    const ahead = script.pipelined && run.every(isSent);
    if (ahead) for (const unit of early ? run.slice(1) : run) await this.#write(unit, script);

    for (const [index, unit] of run.entries()) {
      const seat = this.#seat(unit.client);
      seat.used = true;
      if (!isSent(unit)) {
        if (unit.kind === 'pause') await after(unit.milliseconds);
        if (unit.kind === 'cancel') answers.push([textOf(unit), await this.#cancelled(seat, unit.after)]);
        if (unit.kind === 'reconnect') await this.#reconnect(seat, unit.last, script);
        continue;
      }
      if (!ahead && !(early && index === 0)) await this.#write(unit, script);
      answers.push([textOf(unit), await this.#told(seat, isBegin(unit))]);
    }
  }

  async #reconnect(seat: Seat, last: Sent | undefined, script: Script): Promise<void> {
    if (last !== undefined && seat.status !== 'I' && !mayEnd(last)) await this.#write(last, script);
    seat.client.close();
    seat.client = await this.#connect();
    // What it sets from here on is no part of connecting, which would outlive the case.
    for (const text of ['BEGIN', 'COMMIT']) await seat.client.exchange(to.query(text));
    [seat.status, seat.begun] = ['I', false];
  }

  /** A request that comes before the statement does nothing, so there is more than one. */
  async #cancelled(seat: Seat, wait: number): Promise<Message[]> {
    let over = false;
    seat.client.write(to.query(SLEEP));
    const told = this.#told(seat, false).finally(() => (over = true));
    await after(wait);
    while (!over) {
      const socket = connect(socketIn(this.#host));
      socket.on('error', () => undefined);
      // The other side closes when the request has had its effect, so this one must not be the first.
      socket.write(to.cancel(seat.client.processId, seat.client.secretKey));
      await once(socket.resume(), 'close');
      await after(5);
    }
    return told;
  }

  async #write(unit: Unit, { units, chunk }: Script): Promise<void> {
    if (!isSent(unit)) return;

    const { client } = this.#seat(unit.client);
    const bytes = bytesOf(
      unit,
      units.some((other) => textOf(other).includes('COPY item')),
    );
    if (chunk === undefined) return client.write(bytes);
    for (let from = 0; from < bytes.length; from += chunk) {
      client.write(bytes.subarray(from, from + chunk));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #told(seat: Seat, begins: boolean): Promise<Message[]> {
    const messages = await seat.client.until('Z');
    const before = seat.status;
    seat.status = messages.at(-1)?.[1] ?? '';
    seat.begun = seat.status === 'T' && begins && (seat.begun || before === 'I');
    return messages.filter(([kind, text]) => kind !== 'N' || !NOT_VACUUMED.test(text));
  }

  async #end(client: number, closing: string): Promise<readonly [string, unknown]> {
    const seat = this.#seat(client);
    seat.client.write(to.query(closing));
    return [`${client}: ${closing}`, await this.#told(seat, false)];
  }

  /** Makes the clients new that were used since the last time. */
  async #discard(): Promise<void> {
    const used = this.#seats.filter((seat) => seat.used);
    for (const { client } of used) client.write(to.query('DISCARD ALL'));
    for (const seat of used) {
      const messages = await seat.client.until('Z');
      if (messages[0]?.[0] !== 'C') throw new Error(`DISCARD ALL: ${messages.join()}`);
      seat.client.heard.splice(0);
      seat.used = false;
    }
  }

  #seat(client: number): Seat {
    const seat = this.#seats[client];
    if (seat === undefined) throw new Error('The clients are not connected.');
    return seat;
  }

  #connect(): Promise<RawClient> {
    return RawClient.open(this.#host, this.#database);
  }
}

function isBegin(unit: Unit): boolean {
  return unit.kind === 'text' && unit.statements.length === 1 && unit.statements[0] === 'BEGIN';
}

/** What may be sent without waiting for anything, and all else by itself. */
function stretches(units: readonly Unit[]): Unit[][] {
  const all: Unit[][] = [];
  for (const [index, unit] of units.entries()) {
    const before = units[index - 1];
    if (before !== undefined && isSent(before) && isSent(unit)) all.at(-1)?.push(unit);
    else all.push([unit]);
  }
  return all;
}

/** Neighbours that are the same client's. */
function runs(units: readonly Unit[]): Unit[][] {
  const all: Unit[][] = [];
  for (const unit of units) {
    const last = all.at(-1);
    if (last?.[0]?.client === unit.client) last.push(unit);
    else all.push([unit]);
  }
  return all;
}
