// Writes docs/contexts.md from what the fixture of test/integration/contexts finds, which has to be
// what the table there says. Needs the built tests (npm run build && npm run build:test).
import { deepStrictEqual } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './steps.mjs';

const built = join(root, '.build/test/integration/contexts');
const { attempts, expected } = await import(join(built, 'attempts.js'));
const { renderPage } = await import(join(built, 'page.js'));

const { found } = await attempts();
deepStrictEqual(found, expected(), 'the table is wrong');
writeFileSync(join(root, 'docs/contexts.md'), renderPage());
