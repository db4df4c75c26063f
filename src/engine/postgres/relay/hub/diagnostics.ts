import { shortSql } from '../../../../sandbox/short-sql.js';
import type { CutConnection, OpenWork } from '../../../../sandbox/vocabulary.js';
import type { Client } from '../client/client.js';
import type { Hub } from './hub.js';

/** What a scope's end would interrupt. */
export function leftovers(busy: Iterable<Client>): OpenWork[] {
  return [...busy].map((client) => ({
    kind: client.inTransaction ? 'transaction' : 'statement',
    connection: client.name,
    lastSql: client.lastSql ?? '',
  }));
}

/** Who still believes in a transaction that was rolled back with its test. */
export function cutConnections(hub: Hub): CutConnection[] {
  return [...hub.clients].flatMap(({ name, cutBy, cutFor, lastSql }) =>
    cutBy === undefined || cutFor !== undefined ? [] : [{ connection: name, title: cutBy, lastSql: lastSql ?? '' }],
  );
}

/** Who has the turn and who waits for it, one sentence each. */
export function describe(hub: Hub): string[] {
  const { holder, waiting } = hub.turns;
  const now = hub.now();

  return [
    ...(holder?.inTransaction === true ? [describeHolder(holder, now)] : []),
    ...waiting.map(
      ({ owner, sql, since }) =>
        `${owner.name} has waited ${Math.round(now - since)} ms for its turn to run "${shortSql(sql)}"`,
    ),
  ];
}

function describeHolder({ name, running, idleSince, lastSql }: Client, now: number): string {
  const doing = running ? 'running' : `idle for ${Math.round(now - idleSince)} ms after`;
  return `${name} has a transaction open, ${doing} "${shortSql(lastSql)}"`;
}
