import { turnSentences } from '../../../../sandbox/stall.js';
import { describeTurn } from '../../../../sandbox/turn-queue.js';
import type { CutConnection, OpenWork } from '../../../../sandbox/vocabulary.js';
import type { Client } from '../client/client.js';
import type { Hub } from './hub.js';

/** What a scope's end would interrupt. */
export function leftovers(busy: Iterable<Client>): OpenWork[] {
  return [...busy].map((client) => ({
    kind: client.inTransaction ? 'transaction' : 'statement',
    connection: client.name,
    lastSql: client.lastSql ?? '',
    idle: !client.underWay,
  }));
}

/** Who still believes in a transaction that was rolled back with its test. */
export function cutConnections(hub: Hub): CutConnection[] {
  return [...hub.scopes.gate.cutConnections()];
}

/** Who has the turn and who waits for it, one sentence each. */
export function describe(hub: Hub): string[] {
  const { holder, waiting } = hub.turns;
  const holding = holder?.inTransaction === true ? describeTurn(holder) : undefined;

  return turnSentences(
    holding,
    waiting.map(({ owner, sql, since }) => ({ connection: owner.name, sql, since })),
    hub.now(),
  );
}
