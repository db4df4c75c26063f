import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, type MochaVersion, runMocha } from '../run-mocha.js';

const OLDER: readonly MochaVersion[] = ['mocha10', 'mocha11'];

describe('a run that cannot start', function () {
  this.timeout(30_000);

  const reasons: readonly (readonly [why: string, code: string | undefined, ...texts: RegExp[]])[] = [
    [
      'unsafe',
      'LOCKSTEP_UNSAFE_DATABASE',
      /^Lockstep does not open ".*development\.sqlite3"/,
      /Tests should not begin with/,
      /allowAnyDatabase: true/,
      /troubleshooting\.md#lockstep_unsafe_database\)$/,
    ],
    ['sql', 'SQLITE_ERROR', /^near "tabel": syntax error$/],
    ['seed', undefined, /^the seed failed$/],
  ];
  for (const [why, code, ...texts] of reasons) {
    const older: readonly MochaVersion[] = why === 'sql' ? ['mocha10'] : [];
    const rest = OLDER.filter((mocha) => !older.includes(mocha));
    for (const mocha of inLongRun<MochaVersion>(['mocha', ...older], rest)) {
      for (const LOCKSTEP_AUTO of mocha === 'mocha' ? ['1', '0'] : inLongRun(['1'], ['0'])) {
        it(`says why once, and ${mocha} ends with 1: ${why}, LOCKSTEP_AUTO=${LOCKSTEP_AUTO}`, async () => {
          const run = await runMocha(fixture('start'), ['tests.mjs'], {
            mocha,
            env: { WHY: why, LOCKSTEP_AUTO },
            limit: 15_000,
          });

          expect(run.failed).to.deep.equal(['"before all" hook: beforeAll in "{root}"']);
          expect(run.passed).to.deep.equal([]);
          expect(run.code).to.equal(1);
          expect(run.stderr).to.equal('');
          const [failed] = run.failed;
          const { err } = run.find(failed ?? '');
          expect(err.code).to.equal(code);
          for (const text of texts) expect(err.message).to.match(text);
        });
      }
    }
  }

  it('names the file of SQL that failed, and the key', async () => {
    const run = await runMocha(fixture('start'), ['tests.mjs'], { env: { WHY: 'sql' } });

    expect(run.find('"before all" hook: beforeAll in "{root}"').err.stack).to.match(
      /^SqliteError: near "tabel": syntax error\n {4}at database\.schema \(wrong\.sql:2:8\)$/,
    );
  });
});
