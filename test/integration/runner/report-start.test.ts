import { expect } from 'chai';
import { fixture, runMocha } from '../run-mocha.js';

const folder = fixture('report-start');

/** The report of an app that was started ahead, and could not be. */
describe('the report of a test whose app could not be started', function () {
  this.timeout(60_000);

  for (const way of ['import', 'factory', 'lifespan']) {
    it(`says so below what fails for it: ${way}`, async () => {
      const run = await runMocha(folder, ['start.mjs'], { env: { WAY: way } });

      const [first = '', second = '', asked = ''] = ['inserts', 'inserts again', 'asks'].map(
        (title) => run.find(title).err.stack ?? '',
      );
      expect(first)
        .to.match(/^SqliteError: no such table: users\n +at .*start\.mjs:3/)
        .and.match(
          /\n\n {2}The app could not be started: Error: the secret is not set\n {6}in missing \(app\.mjs:5:9\)\n/,
        );
      expect(second).to.match(/\n\n {2}The app could not be started: Error: the secret is not set\n\n/);
      expect(asked).to.match(/the secret is not set/);
      expect(asked.split('the secret is not set'), 'once').to.have.length(2);
      for (const stack of [first, second]) expect(stack.split('the secret is not set'), 'once').to.have.length(2);
    });
  }

  it('has all that is known in one order', async () => {
    const run = await runMocha(folder, ['all.mjs'], { env: { WAY: 'all' }, limit: 50_000 });

    const { stack = '' } = run.find('fails in all ways').err;
    const parts = [
      /^Error: Timeout of 400ms exceeded/,
      /\n +at fails in all ways \(.*all\.mjs\)/,
      /\n\n {2}GET \/orders answered 500 Internal Server Error:\n {4}Error: connect ECONNREFUSED/,
      /\n\n {2}The app has not reached the config's database in this run\./,
      /\n\n {2}The app could not be started: Error: the secret is not set/,
      /\n\n {2}Still pending:\n/,
      /\n\n {2}SQL of this test \(1 statement\):\n/,
    ];
    const places = parts.map((part) => stack.search(part));
    expect(places, stack).to.satisfy((all: number[]) => all.every((place) => place >= 0));
    expect(places).to.deep.equal(places.toSorted((a, b) => a - b));
  });
});
