import { unquote } from '../../../sql/cursor.js';
import { tokenize } from '../../../sql/lexer.js';

/** A call of set_config(name, value, is_local), as far as it is written out. */
export interface ConfigCall {
  /** In lower case; or the number of the parameter that holds it; undefined if it is neither. */
  readonly name: string | number | undefined;
  /** Whether the setting ends with the transaction; or the number of the parameter that says so. */
  readonly local: boolean | number;
}

/** A setting that has been set. */
export interface Configured {
  readonly name: string;
  readonly local: boolean;
}

/** The values that a statement was executed with, by its parameters' numbers. */
export type ValueOf = (parameter: number) => string | undefined;

interface Word {
  readonly kind: string;
  readonly text: string;
}

/** The calls in a statement, from left to right. */
export function readConfigCalls(sql: string): readonly ConfigCall[] {
  if (!/set_config/i.test(sql)) return [];

  const words = tokenize(sql, 'postgres')
    .filter(({ kind }) => kind !== 'space' && kind !== 'comment')
    .map(({ kind, start, end }): Word => ({ kind, text: sql.slice(start, end) }));
  const calls: ConfigCall[] = [];
  for (const [index, { text }] of words.entries()) {
    if (!/^"?set_config"?$/i.test(text) || words[index + 1]?.text !== '(') continue;
    const [name, , local] = readArguments(words, index + 2);
    if (local !== undefined) calls.push({ name: readName(name), local: readLocal(local) });
  }
  return calls;
}

/** What the calls set that a client executes with these values. */
export function configured(calls: readonly ConfigCall[], valueOf: ValueOf): readonly Configured[] {
  return calls.flatMap((call) => {
    const name = typeof call.name === 'number' ? valueOf(call.name)?.toLowerCase() : call.name;
    const local = typeof call.local === 'number' ? !isFalse(valueOf(call.local) ?? '') : call.local;
    return name === undefined ? [] : [{ name, local }];
  });
}

function readArguments(words: readonly Word[], from: number): readonly (readonly Word[])[] {
  const all: Word[][] = [[]];
  let depth = 0;

  for (const word of words.slice(from)) {
    if (word.text === ')' && depth === 0) return all;
    if (word.text === '(' || word.text === '[') depth += 1;
    if (word.text === ')' || word.text === ']') depth -= 1;
    if (word.text === ',' && depth === 0) all.push([]);
    else all.at(-1)?.push(word);
  }
  return [];
}

function readName(words: readonly Word[] | undefined): ConfigCall['name'] {
  const [first, ...rest] = words ?? [];
  if (first === undefined || !isCast(rest)) return undefined;
  if (first.kind === 'placeholder') return Number(first.text.slice(1));
  return first.text.startsWith("'") ? unquote(first.text).toLowerCase() : undefined;
}

function readLocal([first, ...rest]: readonly Word[]): ConfigCall['local'] {
  if (first === undefined || !isCast(rest)) return true;
  if (first.kind === 'placeholder') return Number(first.text.slice(1));
  return !isFalse(unquote(first.text));
}

/** Whether the words only name a type: `::text`. */
function isCast([colon, second]: readonly Word[]): boolean {
  return colon === undefined || (colon.text === ':' && second?.text === ':');
}

/** As a server reads a boolean, or as one byte of the binary format. */
function isFalse(text: string): boolean {
  return /^\s*(?:f|fa|fal|fals|false|n|no|of|off|0|\0)\s*$/i.test(text);
}
