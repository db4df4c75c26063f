import { useBothSides } from './both-sides.js';
import { type Lanes, LANES, LANES_EMPTY, LANES_SCHEMA, lanesOf } from './lanes.js';
import { randomOf } from './random.js';
import { describeScript } from './script.js';
import { COUNT, search } from './search.js';
import { smallerLanes } from './smaller.js';

describe('postgres: random scripts of several clients at the same time', function () {
  this.timeout(Math.max(120_000, COUNT.lanes * 300));
  const sides = useBothSides({
    name: 'lanes',
    schema: LANES_SCHEMA,
    empty: LANES_EMPTY,
    clients: LANES,
    // How long they keep each other waiting depends on what else the machine does.
    options: { stallTimeout: 30_000, holdTimeout: 60_000 },
  });
  const describeLanes = (lanes: Lanes): string => lanes.map(describeScript).join('\n');

  it(`get the answers of a server, ${COUNT.lanes} of them`, async () => {
    await sides.open();
    await search({
      cases: COUNT.lanes,
      make: (seed) => lanesOf(randomOf(seed)),
      perform: (lanes) => sides.perform(describeLanes(lanes), (side) => side.performAtOnce(lanes)),
      open: sides.open,
      smallerOnes: smallerLanes,
      describe: describeLanes,
    });
  });
});
