import { oneIn, pick, type Random, times } from './random.js';
import type { Part, Script, Sent, Unit } from './script.js';
import { BOUND, DEFERRED, NONSENSE, OUTSIDE, statement, values } from './statements.js';

export const CLIENTS = 3;
const NAMES = ['', '', 'x', 'y'];
const COPY = 'COPY item FROM STDIN';

export function scriptOf(random: Random, seed: number): Script {
  const units: Unit[] = [];
  // Some transactions are begun long before they do anything.
  const begun = times(CLIENTS, (client) => client).filter(() => oneIn(random, 6));
  if (oneIn(random, 4)) units.push(text(0, [DEFERRED]));
  units.push(...begun.map((client) => text(client, ['BEGIN'])));

  for (let episodes = 1 + random(4); episodes > 0; episodes -= 1) {
    const client = random(CLIENTS);
    if (oneIn(random, 60)) units.push({ kind: 'reconnect', client });
    for (let length = 1 + random(5); length > 0; length -= 1)
      units.push(oneIn(random, 2) ? simple(random, client) : { kind: 'batch', client, parts: batch(random, client) });
  }
  return {
    units,
    closing: oneIn(random, 2) ? 'COMMIT' : 'ROLLBACK',
    pipelined: oneIn(random, 4),
    early: oneIn(random, 2),
    chunk: seed % 17 === 0 ? 1 + random(11) : undefined,
  };
}

function text(client: number, statements: readonly string[], data: readonly Part[] = []): Sent {
  return { kind: 'text', client, statements, data };
}

export function simple(random: Random, client: number): Sent {
  const statements = times(oneIn(random, 2) ? 1 : 1 + random(4), () => statement(random, client));
  if (oneIn(random, 12)) statements.splice(random(statements.length + 1), 0, NONSENSE);
  if (oneIn(random, 20)) statements.splice(random(statements.length + 1), 0, pick(random, OUTSIDE));
  if (!oneIn(random, 12)) return text(client, statements);

  statements.splice(random(statements.length + 1), 0, COPY);
  return text(client, statements, copied(random));
}

function copied(random: Random): Part[] {
  const rows = random(3);
  const lines = times(rows, () => `${random(9)}\tc\n`).join('') + (oneIn(random, 6) ? 'nonsense\n' : '');
  return [{ kind: 'data', text: lines }, { kind: oneIn(random, 5) ? 'fail' : 'done' }];
}

export function batch(random: Random, client: number): Part[] {
  const parts: Part[] = [];
  const bound = new Set<string>();
  const known = new Map<string, string>();
  const bind = (portal: string, name: string): Part => {
    bound.add(portal);
    return { kind: 'bind', portal, name, values: values(random, known.get(name)) };
  };
  // See isDefined.
  const safe = (portal: string): string => (portal === '' && !bound.has('') ? 'p' : portal);

  for (let length = 1 + random(5); length > 0; length -= 1) {
    const name = pick(random, NAMES);
    const portal = oneIn(random, 4) ? pick(random, ['p', 'q']) : '';
    const execute = (): Part => ({ kind: 'execute', portal: safe(portal), rows: random(3) });

    switch (random(10)) {
      case 0:
        parts.push({ kind: 'close', of: oneIn(random, 2) ? 'P' : 'S', name });
        break;
      case 1:
        if (oneIn(random, 3)) parts.push({ kind: 'describe', of: 'P', name: safe(portal) });
        else parts.push({ kind: 'describe', of: 'S', name });
        break;
      case 2:
        parts.push({ kind: 'flush' });
        break;
      case 3:
        parts.push(bind(portal, name), execute());
        break;
      case 4:
        parts.push(execute());
        break;
      default: {
        const sql = pickText(random, client);
        known.set(name, sql);
        parts.push({ kind: 'parse', name, sql }, bind(portal, name));
        if (oneIn(random, 2)) parts.push({ kind: 'describe', of: 'P', name: portal });
        parts.push(execute());
      }
    }
  }
  if (oneIn(random, 12)) parts.push(...copying(random));
  return parts;
}

/** A COPY that nothing can repeat: a server that is not given data ends the connection. */
function copying(random: Random): Part[] {
  return [
    { kind: 'parse', name: '', sql: COPY },
    { kind: 'bind', portal: '', name: '', values: [] },
    { kind: 'execute', portal: '', rows: 0 },
    ...copied(random),
    { kind: 'close', of: 'P', name: '' },
    { kind: 'close', of: 'S', name: '' },
  ];
}

function pickText(random: Random, client: number): string {
  if (oneIn(random, 8)) return pick(random, BOUND);
  if (oneIn(random, 40)) return NONSENSE;
  // A failure behind a DROP or CREATE INDEX CONCURRENTLY leaves an index that is invalid.
  if (oneIn(random, 40)) return pick(random, OUTSIDE.slice(2));
  return statement(random, client);
}
