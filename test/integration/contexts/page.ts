import { table, type Expectation, type Outcome } from './table.js';

const INTRO = `# From where a test may call

<!-- Rendered from test/integration/contexts/table.ts by scripts/contexts.mjs. -->

\`sync\` and \`client\` wait, so they work in the synchronous part of a test or hook. \`session\` does not wait and works
wherever a test or hook is running. Every other call fails at once with an error that names the place and what to do;
none hangs, none ends the process, and the tests behind it run in order.

Every line is tested, on Node 20, 22, 24 and 26, with mocha 10, 11 and 12, and with \`--retries\` and \`--parallel\`.
`;

/** docs/contexts.md. */
export function renderPage(): string {
  const sections = table.map(({ title, text, places }) => `## ${title}\n\n${text}\n\n${renderTable(places)}`);

  return [INTRO, ...sections].join('\n');
}

function renderTable(places: Readonly<Record<string, Expectation>>): string {
  const rows = Object.entries(places).map(([place, { sync, client, session }]) => [
    place.includes('`') || place.includes(' ') ? place : `\`${place}\``,
    ...[sync, client, session].map(link),
  ]);
  const all = [['place', '`sync`', '`client.get`', '`session.get`'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const [head, ...body] = all.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );

  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body, ''].join('\n');
}

function link(outcome: Outcome): string {
  return outcome === 'works' ? outcome : `[${outcome}](troubleshooting.md#${outcome.toLowerCase()})`;
}
