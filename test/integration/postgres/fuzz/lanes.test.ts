import type pg from 'pg';
import { connected, inTest, useSandbox } from '../sandbox.js';
import { newDatabase } from '../server.js';
import { type Lanes, LANES, LANES_EMPTY, LANES_SCHEMA, lanesOf } from './lanes.js';
import { randomOf } from './random.js';
import { describeScript } from './script.js';
import { type Both, COUNT, search } from './search.js';
import { type Answers, Side } from './side.js';
import { smallerLanes } from './smaller.js';
import { changesSchema } from './statements.js';

describe('postgres: random scripts of several clients at the same time', function () {
  this.timeout(Math.max(120_000, COUNT.lanes * 300));
  // How long they keep each other waiting depends on what else the machine does.
  const at = useSandbox('lanes_test', LANES_SCHEMA, { stallTimeout: 30_000, holdTimeout: 60_000 });
  let cleaner: pg.Client;
  let direct: Side;
  let sandboxed: Side;

  before(async () => {
    const config = await newDatabase('lanes_direct');
    cleaner = await connected(config);
    await cleaner.query(LANES_SCHEMA);
    direct = new Side(config.host ?? '', 'lanes_direct', LANES, false);
    sandboxed = new Side(new URL(at().url).searchParams.get('host') ?? '', 'lanes_test', LANES, true);
  });
  after(async () => {
    direct.close();
    sandboxed.close();
    await cleaner.end();
  });

  const open = (): Promise<unknown> => Promise.all([direct.open(), sandboxed.open()]);
  const describeLanes = (lanes: Lanes): string => lanes.map(describeScript).join('\n');
  const perform = async (lanes: Lanes): Promise<Both> => {
    const schema = changesSchema(describeLanes(lanes));
    try {
      return await Promise.all([
        direct.performAtOnce(lanes),
        inTest(at(), () => sandboxed.performAtOnce(lanes)).catch((error: unknown): Answers => [
          ['failed', String(error)],
        ]),
      ]);
    } finally {
      await cleaner.query(schema ? `DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${LANES_SCHEMA}` : LANES_EMPTY);
    }
  };

  it(`get the answers of a server, ${COUNT.lanes} of them`, async () => {
    await open();
    await search({
      cases: COUNT.lanes,
      make: (seed) => lanesOf(randomOf(seed)),
      perform,
      open,
      smallerOnes: smallerLanes,
      describe: describeLanes,
    });
  });
});
