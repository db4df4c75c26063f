import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import type { MochaRun } from '../run-mocha.js';
import { attempts, expected, type Found } from './attempts.js';
import { renderPage } from './page.js';

const docs = join(dirname(createRequire(import.meta.url).resolve('lockstep/package.json')), 'docs');

describe('every place from which a test may call', function () {
  this.timeout(60_000);
  let found: Found;
  let run: MochaRun;

  before(async () => {
    ({ found, run } = await attempts());
  });

  for (const [place, outcomes] of Object.entries(expected())) {
    it(place, () => expect(found[place], run.stdout + run.stderr).to.deep.equal(outcomes));
  }

  it('has a line in the table', () => expect(Object.keys(found)).to.have.members(Object.keys(expected())));

  it('leaves the tests behind it untouched, in order', () => {
    expect(run.failed, run.stdout).to.deep.equal([]);
    expect(run.code).to.equal(0);
    expect(run.tests.filter(({ title }) => title === 'the next test').length).to.be.greaterThan(35);

    const files = run.tests.map(({ fullTitle }) => fullTitle.split(' ')[0]);
    expect(files.indexOf('CommonJS')).to.equal(files.length - 2);
    for (const [index, { title }] of run.tests.entries()) {
      if (title !== 'the next test') continue;
      expect(run.tests[index - 1]?.title).not.to.equal(title);
    }
  });

  it('writes nothing on its own account', () => {
    expect(run.stderr.split('\n').filter((line) => line !== '' && !line.includes('Warning'))).to.deep.equal([]);
  });

  for (const [title, args, mocha] of [
    ['with --retries', ['--retries', '2'], undefined],
    ['in mocha 10', [], 'mocha10'],
    ...inLongRun([], [['in mocha 11', [], 'mocha11'] as const]),
  ] as const) {
    it(`is the same ${title}`, async () => {
      const other = await attempts(args, mocha);

      expect(other.run.failed, other.run.stdout).to.deep.equal([]);
      expect(other.found).to.deep.equal(expected());
    });
  }

  it('is the same with --parallel', async () => {
    const other = await attempts(['--parallel', '--jobs', '2']);

    expect(other.run.failed, other.run.stdout).to.deep.equal([]);
    expect(other.found).to.deep.equal(expected());
  });

  it('is in the docs (scripts/contexts.mjs writes them)', () => {
    expect(readFileSync(join(docs, 'contexts.md'), 'utf8')).to.equal(renderPage());
  });
});
