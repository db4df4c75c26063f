/** Lines by which migration tools tell the way up from the way down in one file: dbmate, goose, sql-migrate, node-pg-migrate. */
const MARKS: readonly (readonly [up: RegExp, down: RegExp])[] = [
  [/^\s*--\s*migrate:up\b/i, /^\s*--\s*migrate:down\b/i],
  [/^\s*--\s*\+goose\s+up\b/i, /^\s*--\s*\+goose\s+down\b/i],
  [/^\s*--\s*\+migrate\s+up\b/i, /^\s*--\s*\+migrate\s+down\b/i],
  [/^\s*--\s*up migration\b/i, /^\s*--\s*down migration\b/i],
];

/**
 * What of a migration leads up. The way down, which stands behind it in the same file, would undo it; its
 * lines are left empty, so that all others keep their numbers. Other files are as they are.
 */
export function wayUp(text: string): string {
  const lines = text.split('\n');
  const marks = MARKS.find(([up]) => lines.some((line) => up.test(line)));
  if (marks === undefined) return text;

  const [up, down] = marks;
  let isUp = true;
  return lines
    .map((line) => {
      if (up.test(line)) isUp = true;
      else if (down.test(line)) isUp = false;
      return isUp ? line : '';
    })
    .join('\n');
}
