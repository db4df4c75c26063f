import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = dirname(fileURLToPath(import.meta.resolve('lockstep/package.json')));
const FOLDERS = ['test/integration/postgres/ecosystem', 'test/integration/postgres'];

/** How many behaviours each of them asserts in its own suite, and the table that has a row for each. */
const TABLES = [
  ["Ecto's SQL sandbox", 21],
  ['go-txdb', 17],
  ['pg-transactional-tests', 12],
  ['What must never break', 24],
] as const;

/** The rows of the first table below a heading, as their cells. */
function rowsBelow(page: string, heading: string): string[][] {
  const section = page.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function sourceOf(file: string): string {
  const path = FOLDERS.map((folder) => join(root, folder, file)).find(existsSync);
  return path === undefined ? '' : readFileSync(path, 'utf8');
}

describe('docs: what is promised of Postgres', () => {
  const page = readFileSync(join(root, 'docs/postgres-ecosystem.md'), 'utf8');

  for (const [heading, count] of TABLES) {
    const rows = rowsBelow(page, heading);

    it(`${heading}: a row for each`, () => expect(rows).to.have.length.at.least(count));

    for (const [what = '', here = ''] of rows.filter(([, cell = '']) => !cell.startsWith('no meaning')))
      it(`${heading}: ${what} is tested`, () => {
        const [, file = 'incumbents.test.ts', title = ''] = /^(?:`([\w-]+(?:\.test)?\.ts)`: )?(.*)$/.exec(here) ?? [];
        const pieces = title.split(' … ').map((piece) => piece.replace(/^[`"]+|[`"]+$/g, ''));
        for (const piece of pieces) expect(sourceOf(file), file).to.include(piece);
      });
  }
});
