import { useBothSides } from './both-sides.js';
import { CLIENTS, scriptOf } from './generate.js';
import { randomOf } from './random.js';
import { describeScript } from './script.js';
import { COUNT, search } from './search.js';
import { smallerScripts } from './smaller.js';
import { EMPTY, SCHEMA } from './statements.js';

describe('postgres: random scripts of several clients', function () {
  this.timeout(Math.max(120_000, COUNT.scripts * 100));
  const sides = useBothSides({ name: 'fuzz', schema: SCHEMA, empty: EMPTY, clients: CLIENTS });

  it(`get the answers of a server, ${COUNT.scripts} of them`, async () => {
    await sides.open();
    await search({
      cases: COUNT.scripts,
      make: (seed) => scriptOf(randomOf(seed), seed),
      perform: (script) => sides.perform(describeScript(script), (side) => side.perform(script)),
      open: sides.open,
      smallerOnes: smallerScripts,
      describe: describeScript,
    });
  });
});
