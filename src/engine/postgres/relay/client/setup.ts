import { commandComplete } from '../../wire/backend.js';
import { isEndingTimeout } from '../ending-timeouts.js';
import type { ValueOf } from '../set-config.js';
import type { Special } from '../special.js';
import type { Script, Statement } from '../statement.js';
import { DISCARDING } from '../temporaries.js';
import type { Work } from '../work.js';
import type { Dialogue } from './dialogue.js';
import { deallocating } from './prepared-statements.js';

/*
 * Before the first scope transactions are real and go straight through. But the connection is everybody's all the
 * same: what a client does to its session is its own, for as long as it is connected, also in the scopes to come.
 */

/** A statement that has succeeded then. */
export interface Performed {
  readonly statement: Statement;
  readonly valueOf: ValueOf;
}

/** What a command means then. */
interface Meaning<Kind extends Special['kind']> {
  /** What the server gets in place of the client's words. */
  words?(words: string, statement: Statement, dialogue: Dialogue): string;
  /** The command tag that belongs to the client's words, where the server answers with another. */
  readonly tag?: string;
  /** What is remembered of it when it has succeeded. */
  adopt?(special: Extract<Special, { readonly kind: Kind }>, dialogue: Dialogue, valueOf: ValueOf): Work;
}

/** What it is to the server, with the transaction that it is in. */
const THE_SERVERS = {};
/** Part of the session, as within a scope. */
const OF_THE_SESSION = {
  adopt: (special: Special, { emulation }: Dialogue, valueOf: ValueOf): Work => emulation.track(special, valueOf),
};
/** Names a statement; those of all clients are on one connection. */
const NAMED = {
  words: (words: string, { special }: Statement, { emulation }: Dialogue): string => emulation.renamed(words, special),
};

const MEANINGS: { readonly [Kind in Special['kind']]: Meaning<Kind> } = {
  set: OF_THE_SESSION,
  reset: OF_THE_SESSION,
  config: OF_THE_SESSION,
  timeouts: OF_THE_SESSION,
  logins: OF_THE_SESSION,
  temporary: OF_THE_SESSION,
  cursor: OF_THE_SESSION,
  // The isolation level is real.
  show: {
    words: (words, { special, sql }) => (special?.kind === 'show' && isEndingTimeout(special.name) ? sql : words),
  },
  lock: {
    // Whose they are is known when those of transactions have gone.
    *adopt(_, dialogue) {
      yield* [];
      dialogue.locking = true;
    },
  },
  listen: {
    *adopt({ channel }, { emulation }) {
      yield* [];
      emulation.listen(channel);
    },
  },
  unlisten: {
    *adopt({ channel }, { client, emulation, hub }) {
      emulation.unlisten(channel);
      // The server has taken it from all of them.
      const others = [...hub.clients].filter((other) => other !== client);
      const channels = new Set(others.flatMap((other) => [...other.emulation.state.listens]));
      const statements = [...channels].filter((name) => channel === undefined || name === channel).map(listening);
      if (statements.length > 0) yield { kind: 'own', statements };
    },
  },
  prepare: NAMED,
  execute: NAMED,
  deallocate: NAMED,
  deallocateAll: {
    words: (_, __, { emulation }) => deallocating(emulation.prefix),
    tag: 'DEALLOCATE ALL',
    *adopt(_, { statements }) {
      yield* [];
      statements.clear();
    },
  },
  discardTemporary: { words: () => DISCARDING, tag: 'DISCARD TEMP' },
  // Alone it is carried out as within a scope, see `carriesOut`; a server refuses it elsewhere.
  discard: THE_SERVERS,
  notify: THE_SERVERS,
  modes: THE_SERVERS,
  constraints: THE_SERVERS,
  copyIn: THE_SERVERS,
  nothing: THE_SERVERS,
  inside: THE_SERVERS,
  outside: THE_SERVERS,
};

function meaningOf({ special }: Statement): Meaning<Special['kind']> {
  return special === undefined ? THE_SERVERS : (MEANINGS[special.kind] as Meaning<Special['kind']>);
}

function listening(channel: string): string {
  return `LISTEN "${channel.replaceAll('"', '""')}"`;
}

/** Whether the relay carries the statement out itself, though transactions are real. */
export function carriesOut({ special }: Statement, { client, emulation }: Dialogue): boolean {
  return (special?.kind === 'discard' && client.realStatus === 'I') || emulation.forbids(special);
}

/** What the server gets for a text. */
export function wordsFor(sql: string, { statements }: Script, dialogue: Dialogue): string {
  let text = '';
  let at = 0;
  for (const statement of statements) {
    const { start, end } = statement;
    const words = meaningOf(statement).words?.(sql.slice(start, end), statement, dialogue);
    if (words === undefined) continue;
    text += sql.slice(at, start) + words;
    at = end;
  }
  return text + sql.slice(at);
}

/** The command tag that the client gets for a statement; undefined for the server's. */
export function tagFor(statement: Statement | undefined): Buffer | undefined {
  const tag = statement && (statement.tag ?? meaningOf(statement).tag);
  return tag === undefined ? undefined : commandComplete(tag);
}

/** Remembers what statements that have succeeded mean for the client's session. */
export function* adopting(all: readonly Performed[], dialogue: Dialogue): Work {
  const { client, emulation } = dialogue;

  for (const { statement, valueOf } of all) {
    const { effect, special } = statement;
    if (effect.kind === 'rollback' || (effect.kind === 'commit' && client.realStatus === 'E'))
      emulation.staged = emulation.state;
    const meaning = meaningOf(statement);
    if (special !== undefined && meaning.adopt !== undefined) yield* meaning.adopt(special, dialogue, valueOf);
  }
}
