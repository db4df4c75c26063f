import { serialize as to } from 'pg-protocol';
import { type Message, RawClient } from './raw.js';

/** A source of numbers that gives the same for the same seed. */
export type Random = (below: number) => number;

/** mulberry32 */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Bytes of a client that are answered by that many ReadyForQuery; `text` is for messages. */
export interface Unit {
  readonly client: number;
  readonly bytes: Buffer;
  readonly text: string;
}

const CONTROL = [
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT s',
  'SAVEPOINT t',
  'RELEASE s',
  'ROLLBACK TO s',
  'ROLLBACK TO t',
  'COMMIT AND CHAIN',
  'START TRANSACTION READ ONLY',
];
const FAILING = ['SELECT 1/0', 'SELECT nothing', 'SELEC', 'INSERT INTO item VALUES (1), (1)'];
const NAMES = ['', '', 'x', 'y'];

/** The units of one case, each client's transactions over before the next client's turn. */
export function units(random: Random): Unit[] {
  const list: Unit[] = [];
  for (let episodes = 1 + random(3); episodes > 0; episodes -= 1) {
    const client = random(2);
    for (let length = 1 + random(5); length > 0; length -= 1)
      list.push({ client, ...(random(2) === 0 ? simple(random) : batch(random)) });
    list.push({ client, bytes: to.query('ROLLBACK'), text: 'Q ROLLBACK' });
  }
  list.push({ client: 0, bytes: to.query('SELECT * FROM item ORDER BY id'), text: 'Q the rows' });
  return list;
}

function statement(random: Random): string {
  const kind = random(10);
  if (kind < 4) return pick(random, CONTROL);
  if (kind < 5) return pick(random, FAILING);
  if (kind < 7) return `INSERT INTO item VALUES (${random(6)}, 'n')`;
  if (kind < 8) return 'SELECT generate_series(1, 4) AS n';
  return kind < 9 ? 'SELECT count(*) AS n FROM item' : `UPDATE item SET name = 'm' WHERE id = ${random(6)}`;
}

function simple(random: Random): Omit<Unit, 'client'> {
  const text = Array.from({ length: 1 + (random(2) === 0 ? 0 : random(4)) }, () => statement(random))
    // Of a text with a syntax error a server runs nothing; the relay runs what stands before it.
    .map((sql, _, all) => (all.length > 1 && sql === 'SELEC' ? 'SELECT nothing' : sql))
    .join(';');
  return { bytes: to.query(text), text: `Q ${text}` };
}

function batch(random: Random): Omit<Unit, 'client'> {
  const parts: Buffer[] = [];
  const words: string[] = [];
  const add = (word: string, bytes: Buffer): void => {
    words.push(word);
    parts.push(bytes);
  };

  for (let length = 1 + random(5); length > 0; length -= 1) {
    const name = pick(random, NAMES);
    const portal = random(4) === 0 ? 'p' : '';
    switch (random(9)) {
      case 0:
        add(`close ${name}`, to.close({ type: 'S', name }));
        break;
      case 1:
        add(`describe ${name}`, to.describe({ type: 'S', name }));
        break;
      case 2:
        add('flush', to.flush());
        break;
      case 3:
        add(`bind ${portal} ${name}`, to.bind({ portal, statement: name }));
        add(`execute ${portal}`, to.execute({ portal, rows: random(3) }));
        break;
      case 4:
        add(`execute ${portal}`, to.execute({ portal, rows: random(3) }));
        break;
      default: {
        const text = statement(random);
        add(`parse ${name} ${text}`, to.parse({ name, text, types: [] }));
        add(`bind ${portal} ${name}`, to.bind({ portal, statement: name }));
        if (random(2) === 0) add(`describe portal ${portal}`, to.describe({ type: 'P', name: portal }));
        add(`execute ${portal}`, to.execute({ portal, rows: random(3) }));
      }
    }
  }
  add('sync', to.sync());
  return { bytes: Buffer.concat(parts), text: words.join(', ') };
}

function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[random(values.length)] as Value;
}

/** Two clients that stay connected from case to case. */
export class Pair {
  readonly #clients: readonly RawClient[];

  private constructor(clients: readonly RawClient[]) {
    this.#clients = clients;
  }

  static async open(host: string, database: string): Promise<Pair> {
    return new Pair([await RawClient.open(host, database), await RawClient.open(host, database)]);
  }

  /** What the clients are told of the units, in chunks of the given size if there is one. */
  async perform(list: readonly Unit[], chunk?: number): Promise<(readonly [string, Message[]])[]> {
    const answers: (readonly [string, Message[]])[] = [];
    for (const client of this.#clients) await client.exchange(to.query('DISCARD ALL'));
    for (const { client, bytes, text } of list) {
      const at = this.#clients[client];
      if (at === undefined) throw new Error('There are two clients.');
      for (let from = 0; from < bytes.length; from += chunk ?? bytes.length) {
        at.write(bytes.subarray(from, from + (chunk ?? bytes.length)));
        if (chunk !== undefined) await new Promise((resolve) => setImmediate(resolve));
      }
      answers.push([`${client}: ${text}`, await at.until('Z')]);
    }
    return answers;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}
