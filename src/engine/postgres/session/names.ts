const QUOTED = /^"(?:[^"]|"")+"$/;
// A part in quotes, or what lies between two dots.
const PART = /"(?:[^"]|"")*"(?=\.|$)|[^.]+/g;

/**
 * Quotes a name; `schema.table` is two names. A part that is quoted already stays as it is, so that
 * a dot can be part of a name: `"odd.schema".table`.
 */
export function quoteName(name: string): string {
  const parts = name.match(PART) ?? [name];

  return parts.map((part) => (QUOTED.test(part) ? part : `"${part.replaceAll('"', '""')}"`)).join('.');
}
