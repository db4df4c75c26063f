import { readToken, type Token } from '../../../sql/lexer.js';

/** The body of a function, procedure or block, in dollar quotes. */
export interface RoutineBody {
  /** Where it begins in the text, behind its quotes. */
  readonly start: number;
  readonly text: string;
  readonly language: 'sql' | 'plpgsql';
}

const ROUTINE = /^\s*(create\s+(?:or\s+replace\s+)?(?:function|procedure)|do)\b/i;
const LANGUAGE = /\blanguage\s+'?(\w+)/i;

/**
 * The body that a string of the text is; undefined if it is only text, or of another language.
 *
 * @param from where its statement begins
 */
export function bodyOf(sql: string, { kind, start, end }: Token, from: number): RoutineBody | undefined {
  const quote = kind === 'string' ? /^\$[^$]*\$/.exec(sql.slice(start, end))?.[0] : undefined;
  if (quote === undefined) return undefined;

  const head = sql.slice(from, start).replace(/--[^\n]*\n|\/\*.*?\*\//gs, ' ');
  const tail = /^[^;]*/.exec(sql.slice(end))?.[0] ?? '';
  const [, routine = ''] = ROUTINE.exec(head) ?? [];
  const language = LANGUAGE.exec(`${head} ${tail}`)?.[1]?.toLowerCase() ?? (/^do$/i.test(routine) ? 'plpgsql' : 'sql');
  if (routine === '' || (language !== 'sql' && language !== 'plpgsql')) return undefined;
  return { start: start + quote.length, text: sql.slice(start + quote.length, end - quote.length), language };
}

/** The tokens of a text that mean something. */
export function* meaningful(sql: string): Generator<Token> {
  for (let token = readToken(sql, 0, 'postgres'); token !== undefined; token = readToken(sql, token.end, 'postgres'))
    if (token.kind !== 'space' && token.kind !== 'comment') yield token;
}
