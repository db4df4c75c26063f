import { memoize } from '../../../sql/memo.js';

const CACHED = 1000;

/** Words that take the place of others. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A text of which some words were replaced. */
export interface Reworded {
  readonly text: string;
  /** The place in the original of one in this text, both counted from 0. */
  back(place: number): number;
}

/** @param edits in the order of the text, none within another */
export function edited(original: string, edits: readonly Edit[]): Reworded {
  let text = '';
  let at = 0;
  const pieces: { readonly from: number; readonly origin: number; readonly same: boolean }[] = [];

  for (const edit of edits) {
    pieces.push({ from: text.length, origin: at, same: true });
    text += original.slice(at, edit.start);
    pieces.push({ from: text.length, origin: edit.start, same: false });
    text += edit.text;
    at = edit.end;
  }
  pieces.push({ from: text.length, origin: at, same: true });
  text += original.slice(at);

  return {
    text,
    back(place) {
      const piece = pieces.findLast(({ from }) => from <= place);
      if (piece === undefined) return place;
      return piece.same ? piece.origin + place - piece.from : piece.origin;
    },
  };
}

/** Both, one behind the other. */
export function rewordedTwice(first: Reworded, second: Reworded): Reworded {
  return { text: second.text, back: (place) => first.back(second.back(place)) };
}

/** Remembers also that there was nothing to replace. */
export function memoizeReworded(read: (sql: string) => Reworded | undefined): (sql: string) => Reworded | undefined {
  const remembered = memoize((sql) => ({ reworded: read(sql) }), CACHED);
  return (sql) => remembered(sql).reworded;
}
