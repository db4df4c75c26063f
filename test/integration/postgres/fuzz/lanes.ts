import { batch, simple } from './generate.js';
import { oneIn, type Random, times } from './random.js';
import type { Part, Script, Sent, Unit } from './script.js';
import { EMPTY, NONSENSE, SCHEMA } from './statements.js';

/** What several clients do at the same time, each with tables of its own: none of them waits for another. */
export type Lanes = readonly Script[];

export const LANES = 3;

const OWN = /\b(?:item|item_name|parent|child|child_parent|counter|more|add_item|ch)\b/g;

export const LANES_SCHEMA = times(LANES, (client) => ownText(SCHEMA, client)).join(';');
export const LANES_EMPTY = times(LANES, (client) => ownText(EMPTY, client)).join(';');
/** What is in the tables in the end. */
export const LANES_CONTENTS = times(LANES, (client) =>
  ownText(
    'SELECT id, name FROM item ORDER BY id; SELECT id, parent FROM child ORDER BY id; SELECT id FROM parent ORDER BY id',
    client,
  ),
).join(';');

export function lanesOf(random: Random): Lanes {
  return times(2 + random(LANES - 1), (client) => ({
    units: lane(random, client),
    closing: oneIn(random, 2) ? 'COMMIT' : 'ROLLBACK',
    pipelined: oneIn(random, 3),
    early: false,
    chunk: oneIn(random, 12) ? 1 + random(11) : undefined,
  }));
}

function lane(random: Random, client: number): Unit[] {
  const units: Unit[] = [];
  for (let episodes = 1 + random(2); episodes > 0; episodes -= 1) {
    // So that transactions overlap.
    if (!oneIn(random, 3)) units.push(own({ kind: 'text', client, statements: beginning(random), data: [] }));
    for (let length = 1 + random(4); length > 0; length -= 1) units.push(unit(random, client));
  }
  return units.some(({ kind }) => kind === 'cancel') ? units.map(readable) : units;
}

/**
 * Cancelled while it waits for its turn, a transaction has failed before the server knows of it. The relay then
 * answers texts by itself, until the transaction ends, and cannot tell which of them the server would not read.
 */
function readable(unit: Unit): Unit {
  if (unit.kind !== 'text') return unit;
  return { ...unit, statements: unit.statements.map((sql) => (sql === NONSENSE ? 'SELECT 1/0' : sql)) };
}

function beginning(random: Random): string[] {
  return ['BEGIN', `INSERT INTO item VALUES (${random(6)}, 'o')`].slice(0, 1 + random(2));
}

function unit(random: Random, client: number): Unit {
  switch (random(36)) {
    case 0:
      return { kind: 'reconnect', client };
    case 1:
      return { kind: 'reconnect', client, last: sent(random, client) };
    case 2:
      return { kind: 'cancel', client, after: random(6) };
    case 3:
    case 4:
      return { kind: 'pause', client, milliseconds: 1 + random(3) };
    default:
      return sent(random, client);
  }
}

function sent(random: Random, client: number): Sent {
  return own(oneIn(random, 2) ? simple(random, client) : { kind: 'batch', client, parts: batch(random, client) });
}

/** The same, on what is the client's own. */
function own(unit: Sent): Sent {
  const { client } = unit;
  if (unit.kind === 'text') return { ...unit, statements: unit.statements.map((sql) => ownText(sql, client)) };
  return {
    ...unit,
    parts: unit.parts.map((part): Part => (part.kind === 'parse' ? { ...part, sql: ownText(part.sql, client) } : part)),
  };
}

function ownText(sql: string, client: number): string {
  return (
    sql
      // Both wait for the transactions of all others.
      .replace(' CONCURRENTLY', '')
      .replace(/^VACUUM$/, 'VACUUM item')
      .replace('lock(7)', `lock(7${client})`)
      .replace(OWN, (name) => `${name}_${client}`)
  );
}
