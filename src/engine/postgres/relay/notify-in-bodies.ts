import { unquote } from '../../../sql/cursor.js';
import { quoteLiteral } from './quote.js';
import { type Edit, edited, memoizeReworded, type Reworded } from './reworded.js';
import { bodyOf, meaningful, type RoutineBody } from './routine-body.js';

const NOTIFY = /\bnotify\b/i;
/** Behind these, a statement of PL/pgSQL begins. */
const STARTS: ReadonlySet<string> = new Set([';', 'begin', 'then', 'else', 'loop']);

/**
 * A text in which NOTIFY, as a statement in the body of a function or block, is a call of pg_notify(): the statement
 * waits in the server for a commit that never comes, the function is heard of by the relay.
 */
export const withNotifyFunctions: (sql: string) => Reworded | undefined = memoizeReworded((sql) => {
  if (!NOTIFY.test(sql)) return undefined;
  const edits: Edit[] = [];
  let from = 0;
  for (const token of meaningful(sql)) {
    if (token.kind === 'semicolon') from = token.end;
    const body = bodyOf(sql, token, from);
    if (body !== undefined) edits.push(...editsOf(body));
  }
  return edits.length === 0 ? undefined : edited(sql, edits);
});

function editsOf({ start, text, language }: RoutineBody): Edit[] {
  const tokens = [...meaningful(text)];
  const textAt = (index: number): string => text.slice(tokens[index]?.start ?? 0, tokens[index]?.end ?? 0);

  return tokens.flatMap((token, index): Edit[] => {
    const begins = index === 0 || STARTS.has(textAt(index - 1).toLowerCase());
    if (!begins || textAt(index).toLowerCase() !== 'notify') return [];

    const channel = tokens[index + 1];
    const withPayload = textAt(index + 2) === ',' && tokens[index + 3]?.kind === 'string';
    const last = tokens[withPayload ? index + 3 : index + 1];
    const ends = textAt(withPayload ? index + 4 : index + 2);
    if (channel === undefined || last === undefined || (ends !== ';' && ends !== '')) return [];

    const written = textAt(index + 1);
    const name = channel.kind === 'identifier' ? unquote(written) : written.toLowerCase();
    const call = `pg_catalog.pg_notify(${quoteLiteral(name)},${withPayload ? textAt(index + 3) : "''"})`;
    const verb = language === 'sql' ? 'SELECT' : 'PERFORM';
    return [{ start: start + token.start, end: start + last.end, text: `${verb} ${call}` }];
  });
}
