import { turnSentences } from '../../../../sandbox/stall.js';
import { describeTurn } from '../../../../sandbox/turn-queue.js';
import type { CutConnection, OpenWork } from '../../../../sandbox/vocabulary.js';
import type { Client } from '../client/client.js';
import type { Hub } from './hub.js';
import type { Noticeboard } from './noticeboard.js';

/** What a scope's end would interrupt. */
export function leftovers({ busy, outside }: Noticeboard): OpenWork[] {
  const inside = [...busy].map((client) => openWork(client, client));

  return [...inside, ...[...outside].map(([client, open]) => openWork(client, open))];
}

function openWork(
  { name }: Client,
  { inTransaction, lastSql = '', underWay }: Pick<Client, 'inTransaction' | 'lastSql' | 'underWay'>,
): OpenWork {
  return { kind: inTransaction ? 'transaction' : 'statement', connection: name, lastSql, idle: !underWay };
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
