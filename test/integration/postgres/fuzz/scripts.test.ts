import type pg from 'pg';
import { connected, inTest, useSandbox } from '../sandbox.js';
import { newDatabase } from '../server.js';
import { CLIENTS, scriptOf } from './generate.js';
import { randomOf } from './random.js';
import { describeScript, type Script } from './script.js';
import { type Both, COUNT, search } from './search.js';
import { type Answers, Side } from './side.js';
import { smallerScripts } from './smaller.js';
import { changesSchema, EMPTY, SCHEMA } from './statements.js';

describe('postgres: random scripts of several clients', function () {
  this.timeout(Math.max(120_000, COUNT.scripts * 100));
  const at = useSandbox('fuzz_test', SCHEMA);
  let cleaner: pg.Client;
  let direct: Side;
  let sandboxed: Side;

  before(async () => {
    const config = await newDatabase('fuzz_direct');
    cleaner = await connected(config);
    await cleaner.query(SCHEMA);
    direct = new Side(config.host ?? '', 'fuzz_direct', CLIENTS, false);
    sandboxed = new Side(new URL(at().url).searchParams.get('host') ?? '', 'fuzz_test', CLIENTS, true);
  });
  after(async () => {
    direct.close();
    sandboxed.close();
    await cleaner.end();
  });

  const open = (): Promise<unknown> => Promise.all([direct.open(), sandboxed.open()]);
  const perform = async (script: Script): Promise<Both> => {
    const schema = changesSchema(describeScript(script));
    try {
      return await Promise.all([
        direct.perform(script),
        inTest(at(), () => sandboxed.perform(script)).catch((error: unknown): Answers => [['failed', String(error)]]),
      ]);
    } finally {
      await cleaner.query(schema ? `DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${SCHEMA}` : EMPTY);
    }
  };

  it(`get the answers of a server, ${COUNT.scripts} of them`, async () => {
    await open();
    await search({
      cases: COUNT.scripts,
      make: (seed) => scriptOf(randomOf(seed), seed),
      perform,
      open,
      smallerOnes: smallerScripts,
      describe: describeScript,
    });
  });
});
