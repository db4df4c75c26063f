/** How many single letters must be added, removed or replaced to turn one word into the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);

  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (to[column - 1] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }

  return row[to.length] ?? 0;
}

/**
 * The candidate that was probably meant by `word`, or undefined when none is alike: at most a third
 * of the letters differ (two in a short word), or one of the words contains the other, or shortens it.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  const allowed = Math.max(2, Math.floor(wanted.length / 3));

  const alike = candidates
    .map((candidate) => {
      const other = candidate.toLowerCase();
      const steps = distance(wanted, other);
      // Without the length check, a one-letter typo would be near every short name.
      const near = steps <= allowed && steps < Math.max(wanted.length, other.length);
      const within = Math.min(wanted.length, other.length) > 2 && (wanted.includes(other) || other.includes(wanted));
      return { candidate, steps, fits: near || within };
    })
    .filter(({ fits }) => fits)
    .sort((one, two) => one.steps - two.steps);

  return alike[0]?.candidate ?? candidates.find((candidate) => shortens(wanted, candidate.toLowerCase()));
}

/** Whether one begins as the other does and leaves letters out, as `db` for `database`. */
function shortens(word: string, candidate: string): boolean {
  if (word.length < 2 || word[0] !== candidate[0]) return false;

  let at = 0;
  for (const letter of candidate) if (letter === word[at]) at += 1;
  return at === word.length;
}
