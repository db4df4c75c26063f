import { unquote } from '../../../sql/cursor.js';
import { tokenize } from '../../../sql/lexer.js';
import { memoize } from '../../../sql/memo.js';

/** A query that does nothing but cancel or end one backend. */
export interface SignalCall {
  readonly verb: 'cancel' | 'terminate';
  /** The backend's number. */
  readonly number: number | undefined;
  /** The parameter that holds it, if it is not written out. */
  readonly parameter: number | undefined;
  /** Name of the result's one column. */
  readonly column: string;
}

const SIGNALS = /\bpg_(?:cancel|terminate)_backend\b/i;
const CACHED = 200;

const FUNCTION = /(?:pg_catalog \. )?"?pg_(?<verb>cancel|terminate)_backend"?/.source;
const INTEGER = '(?:int|int4|integer)';
const NUMBER = `(?:cast \\( )?(?<number>\\d+|\\$\\d+)(?: : : ${INTEGER})*(?: as ${INTEGER} \\))?`;
const WAIT = /(?: , \d+)?/.source;
const ALIAS = /(?: as (?<alias>"(?:[^"]|"")+"|[a-z_][\w$]*))?/.source;
const TABLE = /(?:[a-z_]\w* \. )?/.source;

/** The words of a statement with one space between them. */
const SHAPES: readonly RegExp[] = [
  new RegExp(`^select ${FUNCTION} \\( ${NUMBER}${WAIT} \\)${ALIAS}$`),
  new RegExp(`^select \\* from ${FUNCTION} \\( ${NUMBER}${WAIT} \\)${ALIAS}$`),
  new RegExp(
    `^select ${FUNCTION} \\( ${TABLE}pid${WAIT} \\)${ALIAS} from (?:pg_catalog \\. )?pg_stat_activity` +
      `(?: (?:as )?[a-z_]\\w*)? where ${TABLE}pid = ${NUMBER}$`,
  ),
];

/** Reads a statement that is nothing but such a call: with a number, or for the session of that number. */
export const readSignalCall: (sql: string) => SignalCall | undefined = memoizeUndefined((sql) => {
  if (!SIGNALS.test(sql)) return undefined;

  const text = condensed(sql);
  for (const shape of SHAPES) {
    const found = shape.exec(text)?.groups;
    if (found === undefined) continue;
    const { verb = '', number = '', alias } = found;
    return {
      verb: verb === 'cancel' ? 'cancel' : 'terminate',
      number: number.startsWith('$') ? undefined : Number(number),
      parameter: number.startsWith('$') ? Number(number.slice(1)) : undefined,
      column: alias === undefined ? `pg_${verb}_backend` : unquote(alias),
    };
  }
  return undefined;
});

/** In lower case but for quoted names, without comments and the semicolon at the end. */
function condensed(sql: string): string {
  return tokenize(sql.replace(/;\s*$/, ''), 'postgres')
    .filter(({ kind }) => kind !== 'space' && kind !== 'comment')
    .map(({ kind, start, end }) =>
      kind === 'identifier' ? sql.slice(start, end) : sql.slice(start, end).toLowerCase(),
    )
    .join(' ');
}

function memoizeUndefined<Value>(read: (sql: string) => Value | undefined): (sql: string) => Value | undefined {
  const remembered = memoize((sql) => ({ value: read(sql) }), CACHED);
  return (sql) => remembered(sql).value;
}
