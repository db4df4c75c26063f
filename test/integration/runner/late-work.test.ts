import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { generatePrismaClient } from '../postgres/ecosystem/prisma-client.js';
import { inLongRun } from '../long-run.js';
import { fixture, type MochaRun, runMocha } from '../run-mocha.js';

const folder = fixture('late-work');
const PRISMA_CLIENT = pathToFileURL(fixture('..', '..', '.build', 'prisma', 'client.js')).href;

const places: readonly { readonly engine: string; readonly host?: string; readonly ways: readonly string[] }[] = [
  { engine: 'sqlite', ways: inLongRun(['better-sqlite3', 'sqlite3'], ['knex']) },
  {
    engine: 'postgres',
    host: 'in-thread',
    ways: inLongRun(['pg', 'postgres.js'], ['knex', 'typeorm', 'sequelize', 'prisma']),
  },
  { engine: 'postgres', host: 'worker', ways: ['pg'] },
];

/** The run's last warning, in one line. */
function summary({ stderr }: MochaRun): string {
  const [, found = ''] = /\[LOCKSTEP_LATE_WORK\] Warning: ([^]*?)\(LOCKSTEP_LATE_WORK, see/.exec(stderr) ?? [];
  return found;
}

function run(env: Readonly<Record<string, string>>, ...files: readonly string[]): Promise<MochaRun> {
  return runMocha(folder, files, {
    args: ['--require', 'lockstep/mocha', '--timeout', '20000'],
    env: { PRISMA_CLIENT, ...env },
    // A dozen of them run side by side, beside other suites.
    limit: 120_000,
  });
}

describe('work that goes on behind the end of its test', function () {
  this.timeout(150_000);

  if (places.some(({ ways }) => ways.includes('prisma'))) before(generatePrismaClient);

  for (const { engine, host = '', ways } of places) {
    const env = { ENGINE: engine, ...(host !== '' && { RELAY_HOST: host }) };
    const files = ['late.mjs', 'mixed.mjs', 'services.mjs'];
    // They spend their time waiting, so they run side by side.
    const runs = new Map<string, Promise<MochaRun>>();
    before(() => {
      for (const WAY of ways) runs.set(WAY, run({ ...env, WAY }, ...files));
    });

    for (const WAY of ways) {
      describe(`${engine} ${host} by ${WAY}`.replace('  ', ' '), () => {
        let all: MochaRun;
        const outcome = (suite: string, list: 'passed' | 'failed'): readonly string[] =>
          all[list].filter((title) => title.startsWith(suite));

        before(async () => (all = (await runs.get(WAY)) as MochaRun));

        it('is nothing that another test sees, or is charged with', () => {
          // What comes by a real socket has left its context behind.
          if (host === 'worker') return;
          expect(outcome('late', 'failed'), all.stdout + all.stderr).to.deep.equal([]);
        });

        it('is told at the end of the run, with the test, the statement, and the call that was forgotten', () => {
          const told = summary(all);
          expect(told).to.match(/"late rejects too late": failed with Error: nobody handles this/);
          expect(told).to.match(/"late throws too late": failed with Error: nobody catches this/);
          // It has failed within the time that the test's end waits.
          expect(told).to.match(
            /"late forgets a call that fails": failed with Error: nobody waits for this; Write sync\(fails\(…\)\)/,
          );
          if (host === 'worker') return;
          expect(told).to.match(/"late forgets a call": \S.* sent "insert into .*; Write sync\(createUser\(…\)\)/i);
          expect(told).to.match(/"late forgets a call behind an await": .*; Write await createUser\(…\)/);
          expect(told).to.match(/"late forgets many": .*; Write sync\(poll\(…\)\)/);
          expect(told).to.match(/"late uses the session too late": session sent "INSERT INTO/);
          expect(told).to.not.match(/innocent/);
        });

        it('never has the statements of another test refused', () => {
          expect(outcome('mixed', 'failed'), all.stdout + all.stderr).to.deep.equal([]);
          expect(outcome('mixed', 'passed')).to.have.length(25);
        });

        it('is no interval, server or port that an early test has opened', () => {
          expect(outcome('services', 'passed'), all.stdout + all.stderr).to.have.length(6);
        });
      });
    }
  }

  for (const RELAY_HOST of inLongRun(['in-thread'], ['worker'])) {
    it(`is what the end of a test waits for, as far as the app has begun it: ${RELAY_HOST}`, async () => {
      const ends = await run({ ENGINE: 'postgres', WAY: 'pg', RELAY_HOST }, 'ends.mjs');
      expect(ends.failed, ends.stdout + ends.stderr).to.deep.equal(['ends leaves a statement running']);
      expect(ends.find('leaves a statement running').err.code).to.equal('LOCKSTEP_LEAK');
      expect(ends.passed).to.have.length(51);
      // What became of the statement that was cut is told of its test, and of no other.
      expect(summary(ends)).to.match(/^A test left work [^]*"ends leaves a statement running": failed with GET \/slow/);
    });
  }

  const beats: readonly Readonly<Record<string, string>>[] = [
    { ENGINE: 'sqlite', WAY: 'sqlite3' },
    { ENGINE: 'postgres', WAY: 'pg', RELAY_HOST: 'in-thread' },
    { ENGINE: 'postgres', WAY: 'transactions of pg', RELAY_HOST: 'in-thread' },
    ...inLongRun(
      [{ ENGINE: 'postgres', WAY: 'transactions of pg', RELAY_HOST: 'worker' }],
      [{ ENGINE: 'postgres', WAY: 'pg', RELAY_HOST: 'worker' }],
    ),
  ];
  describe('that an interval starts', () => {
    // Side by side, as above.
    const runs = new Map<object, Promise<MochaRun>>();
    before(() => {
      for (const env of beats) runs.set(env, run(env, 'beat.mjs'));
    });

    for (const env of beats) {
      it(`is waited for, and the interval is not, however busy it keeps its connection: ${Object.values(env).join(' ')}`, async () => {
        const beat = (await runs.get(env)) as MochaRun;
        expect(beat.passed, beat.stdout + beat.stderr).to.have.length(25);
        expect(beat.failed).to.deep.equal([]);
      });
    }
  });

  it("fails the run with leaks: 'error'", async () => {
    const late = await run({ ENGINE: 'sqlite', WAY: 'sqlite3', LEAKS: 'error' }, 'late.mjs');
    const [title = '', ...others] = late.failed;
    expect(title).to.match(/^"after all" hook.* in "{root}"$/);
    expect(others).to.deep.equal([]);
    expect(late.code).to.equal(1);
    expect(late.find(title).err.code).to.equal('LOCKSTEP_LATE_WORK');
  });

  it('refuses other values of leaks by name', async () => {
    const { stderr, code } = await run({ ENGINE: 'sqlite', WAY: 'sqlite3', LEAKS: 'warning' }, 'late.mjs');
    expect(stderr).to.match(/leaks .*'warning'[^]*'warn'/);
    expect(code).to.not.equal(0);
  });
});
