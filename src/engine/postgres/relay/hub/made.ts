import type { ScopeName } from '../../../../sandbox/vocabulary.js';
import { unquote } from '../../../../sql/cursor.js';

const NAME = /((?:(?:"(?:[^"]|"")+"|[\w$\x80-\uffff]+)\s*\.\s*)?(?:"(?:[^"]|"")+"|[\w$\x80-\uffff]+))/.source;
const NEW = 'create\\s+(?:or\\s+replace\\s+)?';
const UNLESS = '(?:if\\s+not\\s+exists\\s+)?';

/** What statements make that others may miss later. What is temporary ends with more than a test. */
const MAKING: readonly (readonly [what: string, pattern: RegExp])[] = [
  [
    'relation',
    new RegExp(`^\\s*${NEW}(?:unlogged\\s+)?(?:table|materialized\\s+view|view|sequence)\\s+${UNLESS}${NAME}`, 'i'),
  ],
  ['type', new RegExp(`^\\s*${NEW}(?:type|domain)\\s+${NAME}`, 'i')],
  ['role', new RegExp(`^\\s*${NEW}(?:role|user|group)\\s+${NAME}`, 'i')],
  ['routine', new RegExp(`^\\s*${NEW}(?:function|procedure)\\s+${NAME}`, 'i')],
  ['schema', new RegExp(`^\\s*${NEW}schema\\s+${UNLESS}${NAME}`, 'i')],
  ['column', new RegExp(`^\\s*alter\\s+table\\b[^;]*?\\badd\\s+(?:column\\s+)?${UNLESS}${NAME}`, 'i')],
];
const MAKES = /^\s*(?:--[^\n]*\n|\/\*.*?\*\/|\s)*(?:create|alter\s+table)\b/is;

/** How many names are kept of what has gone. */
const MANY = 2000;

/**
 * What was made in a scope goes with it, but an app may remember that it has made it: then the next test learns in
 * which one that was.
 */
export class Made {
  /** What each of the open scopes has made, the outermost first. */
  readonly #open: { readonly scope: ScopeName; readonly names: Set<string> }[] = [];
  /** In which scope that was made which is gone. */
  readonly #gone = new Map<string, string>();

  begin(scope: ScopeName): void {
    this.#open.push({ scope, names: new Set() });
  }

  end(): void {
    const ended = this.#open.pop();
    if (ended === undefined || ended.names.size === 0) return;

    const { kind, title } = ended.scope;
    for (const name of ended.names) this.#gone.set(name, kind === 'test' ? `"${title}"` : `the hooks of "${title}"`);
    for (const name of this.#gone.keys()) {
      if (this.#gone.size <= MANY) break;
      this.#gone.delete(name);
    }
  }

  /** All scopes are over, and what they have made is nobody's any more. */
  close(): void {
    this.#open.length = 0;
    this.#gone.clear();
  }

  /** A statement has succeeded. */
  saw(sql: string): void {
    const current = this.#open.at(-1);
    if (current === undefined || !MAKES.test(sql)) return;

    const text = sql.replace(/^(?:\s|--[^\n]*\n|\/\*.*?\*\/)+/s, '');
    for (const [what, pattern] of MAKING) {
      const name = pattern.exec(text)?.[1];
      if (name !== undefined) current.names.add(`${what} ${lastPart(name)}`);
    }
  }

  /**
   * The scope in which that was made, if it has gone with it.
   *
   * @param name as the server writes it in messages
   */
  madeIn(what: string, name: string): string | undefined {
    const key = `${what} ${name.slice(name.lastIndexOf('.') + 1)}`;
    return this.#open.some(({ names }) => names.has(key)) ? undefined : this.#gone.get(key);
  }
}

/** Names are told apart by their last part: a schema may be written or not. */
function lastPart(name: string): string {
  const last = /(?:"(?:[^"]|"")+"|[^."]+)$/.exec(name)?.[0] ?? name;
  return last.startsWith('"') ? unquote(last) : last.trim().toLowerCase();
}
