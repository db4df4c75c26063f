import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, MOCHAS, runMocha, type MochaRun } from '../run-mocha.js';

const folder = fixture('left-open');
const LOCKSTEP = ['--require', 'lockstep/mocha'];
const SLOW = './slow-teardown.mjs';

function leave(left: string, more: Partial<Parameters<typeof runMocha>[2]> = {}): Promise<MochaRun> {
  return runMocha(folder, ['leave.mjs'], { ...more, env: { LEFT: left, ...more.env } });
}

describe('what the app leaves open', function () {
  this.timeout(60_000);

  const kinds: readonly (readonly [left: string, ...named: RegExp[]])[] = [
    ['server', /- listening TCP server on 127\.0\.0\.1:\d+\n/],
    ['sockets', /- TCP socket from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+\n/],
    ['udp', /- UDP socket on 127\.0\.0\.1:\d+\n/],
    ['child', /- child process \d+ \(node\S* -e process\.stdin\.resume\(\) a child\)\n/],
    ['worker', /- worker thread \d+\n/],
    ['port', /- message port\n/],
  ];
  const together: (typeof kinds)[number] = [
    kinds.map(([left]) => left).join(),
    ...kinds.flatMap(([, ...named]) => named),
  ];
  for (const [left, ...named] of inLongRun([together], kinds)) {
    it(`is named and let go: ${left}`, async () => {
      const run = await leave(left);

      expect(run.passed).to.have.length(2);
      expect(run.code).to.equal(0);
      expect(run.stderr.match(/LOCKSTEP_LEFT_OPEN|Warning/g)).to.deep.equal(['LOCKSTEP_LEFT_OPEN', 'Warning']);
      for (const text of named) expect(run.stderr).to.match(text);
      // And nothing else.
      for (const line of run.stderr.match(/^ {2}- .*\n/gm) ?? [])
        expect(
          named.some((text) => text.test(line)),
          line,
        ).to.equal(true);
    });
  }

  for (const mocha of MOCHAS) {
    for (const [FAIL, code] of [
      ['0', 0],
      ['1', 1],
    ] as const) {
      for (const args of inLongRun([[...LOCKSTEP, '--require', SLOW]], [['--require', SLOW, ...LOCKSTEP]])) {
        it(`${mocha} ends with ${code}, behind a slow teardown: ${args.join(' ')}`, async () => {
          const run = await leave('server,child', { mocha, args, env: { FAIL } });

          expect(run.code, run.stderr).to.equal(code);
          expect(run.stderr).to.match(/container stopped[\s\S]*LOCKSTEP_LEFT_OPEN[\s\S]*teardown was seen/);
        });
      }
    }
  }

  it('is let go however often something new is opened', async () => {
    const run = await leave('again');

    expect(run.code).to.equal(0);
    expect(run.stderr.match(/LOCKSTEP_LEFT_OPEN/g)).to.have.length(1);
  });

  it('LOCKSTEP_TRACE=1 tells where it was created', async () => {
    const run = await leave('server', { env: { LOCKSTEP_TRACE: '1' } });

    expect(run.stderr).to.match(/TCP server, created at .*leave\.mjs:13:/);
  });

  it('nothing is said where nothing is left, nor with --exit', async () => {
    for (const run of [await leave('nothing'), await leave('server', { args: [...LOCKSTEP, '--exit'] })]) {
      expect(run.stderr).to.equal('');
      expect(run.code).to.equal(0);
    }
  });

  it('--parallel ends as ever', async () => {
    const run = await leave('nothing', { args: [...LOCKSTEP, '--parallel'] });

    expect(run.stderr).to.equal('');
    expect(run.code).to.equal(0);
  });
});
