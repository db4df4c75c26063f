/** Whole literals, quoted names and comments; what they leave of a quote is one that is still open. */
const CLOSED = /'[^']*'|"[^"]*"|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\//g;

/**
 * The quote inside which a template puts a value (`'${name}'`), or undefined. There the placeholder
 * would be text, and the value would be bound to nothing.
 */
export function openQuote(strings: readonly string[]): "'" | '"' | undefined {
  let before = '';

  for (const part of strings.slice(0, -1)) {
    before += part;
    const rest = before.replace(CLOSED, '');
    if (rest.includes("'")) return "'";
    if (rest.includes('"')) return '"';
  }
  return undefined;
}
