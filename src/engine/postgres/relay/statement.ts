import { classify, type Effect } from '../../../sql/classify.js';
import { memoize } from '../../../sql/memo.js';
import { split } from '../../../sql/split.js';
import { isPure } from './pure-query.js';
import { readSpecial, type Special } from './special.js';

/** One statement of a text, and what the sandbox has to know about it. */
export interface Statement {
  /** Where it starts in the text that it came in, and where it ends. */
  readonly start: number;
  readonly end: number;
  /** What the server gets: the client's words, unless they cannot work inside a transaction. */
  readonly sql: string;
  readonly effect: Effect;
  readonly special: Special | undefined;
  /** Whether the server gets other words than the client's. */
  readonly reworded: boolean;
  /** The command tag that belongs to the client's words, where the server answers with another. */
  readonly tag: string | undefined;
  /** Whether it changes nothing for sure, and locks nothing. */
  readonly inert: boolean;
}

/** What stands beside a statement: nothing, others in the same text, or others of the batch that were run before. */
export type Place = 'alone' | 'text' | 'pipeline';

/** A text with any number of statements. */
export interface Script {
  readonly statements: readonly Statement[];
  /** Whether the text can be forwarded as it is. */
  readonly plain: boolean;
  /** Whether a statement of a plain text changes the schema. */
  readonly ddl: boolean;
  readonly inert: boolean;
  /** Whether it is what a driver or a pool sends to a connection that it has just opened. */
  readonly opening: boolean;
}

const CACHED = 2000;

/** What a text does. */
export const readScript: (sql: string) => Script = memoize((sql) => {
  let from = 0;
  const statements = split(sql, 'postgres').map((text) => {
    const start = sql.indexOf(text, from);
    from = start + text.length;
    return readStatement(text, start);
  });

  return {
    statements,
    plain: statements.every(({ effect, special, reworded }) => isPlain(effect) && special === undefined && !reworded),
    ddl: statements.some(({ effect }) => effect.kind === 'ddl'),
    inert: statements.every(({ inert }) => inert),
    opening: statements.every(({ effect, special, end, start }) =>
      special === undefined ? isQuestion(effect, sql.slice(start, end)) : OPENING.has(special.kind),
    ),
  };
}, CACHED);

const OPENING: ReadonlySet<Special['kind']> = new Set<Special['kind']>([
  ...(['set', 'reset', 'config', 'show', 'timeouts', 'modes'] as const),
  ...(['listen', 'lock', 'prepare', 'logins'] as const),
]);

const OF_TABLES = /\b(?:from|join)\s+(?!pg_|information_schema\b|[\w.]+\s*\()|^\s*table\b/i;

/** Whether a query looks at no table of the user's: at the version, a setting, the catalog. */
function isQuestion({ kind }: Effect, text: string): boolean {
  return kind === 'empty' || (kind === 'read' && !OF_TABLES.test(text));
}

/** The statements of a plain kind leave transaction and session alone. */
export function isPlain(effect: Effect): boolean {
  return effect.kind === 'read' || effect.kind === 'write' || effect.kind === 'ddl' || effect.kind === 'empty';
}

/** Whether the statement begins, ends or marks a transaction. */
export function isControl(effect: Effect): boolean {
  return !isPlain(effect) && effect.kind !== 'refused' && effect.kind !== 'pragma';
}

function readStatement(text: string, start: number): Statement {
  const effect = classify(text, 'postgres');
  const { special, sql = text } = isPlain(effect) ? readSpecial(text) : { special: undefined };
  return {
    start,
    end: start + text.length,
    sql,
    effect,
    special,
    reworded: sql !== text,
    tag: special?.kind === 'show' ? special.tag : undefined,
    inert: effect.kind === 'read' && special === undefined && isPure(text),
  };
}
