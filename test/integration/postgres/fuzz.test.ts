import { expect } from 'chai';
import { connect } from 'node:net';
import { Pair, randomOf, units } from './fuzz.js';
import { RawClient } from './raw.js';
import { connected, inTest, useSandbox } from './sandbox.js';

const SCHEMA = 'CREATE TABLE item (id int PRIMARY KEY, name text)';
const CASES = Number(process.env['LOCKSTEP_FUZZ'] ?? 300);
const SEED = Number(process.env['LOCKSTEP_FUZZ_SEED'] ?? 1);

describe('postgres: random batches', function () {
  this.timeout(Math.max(60_000, CASES * 200));
  const at = useSandbox('fuzz_test', SCHEMA);
  const hostOf = (): string => new URL(at().url).searchParams.get('host') ?? '';

  it(`are answered as by a server, ${CASES} cases`, async () => {
    const cleaner = await connected(at().direct);
    const direct = await Pair.open(at().direct.host ?? '', 'fuzz_test');
    const sandboxed = await Pair.open(hostOf(), 'fuzz_test');

    for (let seed = SEED; seed < SEED + CASES; seed += 1) {
      const list = units(randomOf(seed));
      const real = await direct.perform(list);
      await cleaner.query('DELETE FROM item');
      const chunk = seed % 7 === 0 ? 1 + (seed % 11) : undefined;
      const emulated = await inTest(at(), () => sandboxed.perform(list, chunk), `seed ${seed}`).catch(
        (error: unknown) => {
          throw new Error(
            `seed ${seed}: ${String(error)}\n${list.map(({ client, text }) => `${client}: ${text}`).join('\n')}`,
          );
        },
      );
      expect(emulated).to.deep.equal(
        real,
        `seed ${seed}\n${list.map(({ client, text }) => `${client}: ${text}`).join('\n')}\n`,
      );
    }
    direct.close();
    sandboxed.close();
    await cleaner.end();
  });

  it('that are malformed never end the relay', async () => {
    const random = randomOf(SEED);
    await inTest(at(), async () => {
      for (let round = 0; round < 150; round += 1) {
        const bytes = Buffer.from(Array.from({ length: 1 + random(60) }, () => random(256)));
        if (random(2) === 0) {
          const client = await RawClient.open(hostOf(), 'fuzz_test');
          if (bytes.length > 5) bytes.writeInt32BE(4 + random(40), 1);
          bytes[0] = 'PBDECHSQFXdcfpz'.charCodeAt(random(15));
          client.write(bytes);
          await new Promise((resolve) => setTimeout(resolve, 2));
          client.close();
        } else {
          const socket = connect(`${hostOf()}/.s.PGSQL.5432`).on('error', () => undefined);
          socket.end(bytes);
          await new Promise((resolve) => socket.resume().on('close', resolve));
        }
      }
      const client = await connected(at().url);
      expect((await client.query('SELECT 1 AS n')).rows).to.deep.equal([{ n: 1 }]);
      await client.end();
    });
  });
});
