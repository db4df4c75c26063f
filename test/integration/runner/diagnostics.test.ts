import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { fixture, mochaProgram, runMocha, type MochaRun } from '../run-mocha.js';

const folder = fixture('diagnostics');
// The app leaves a server open.
const args = ['--require', 'lockstep/mocha', '--exit'];

/** The frames of a test's stack. */
function frames(run: MochaRun, title: string): string[] {
  const { stack = '' } = run.find(title).err;
  return stack.split('\n').filter((line) => /^\s+at /.test(line));
}

describe('what a failed wait tells', function () {
  this.timeout(30_000);
  let plain: MochaRun;
  let traced: MochaRun;
  let debugged: MochaRun;

  before(async () => {
    [plain, traced, debugged] = await Promise.all([
      runMocha(folder, ['waits.mjs'], { args }),
      runMocha(folder, ['waits.mjs'], { args, env: { LOCKSTEP_TRACE: '1' } }),
      runMocha(folder, ['waits.mjs'], { args, env: { LOCKSTEP_DEBUG: '1' } }),
    ]);
  });

  const told: [title: string, code: string, ...texts: RegExp[]][] = [
    ['/silent', 'LOCKSTEP_DEADLOCK', /- GET \/silent: no response after \d+ ms/],
    [
      '/timer',
      'LOCKSTEP_SYNC_TIMEOUT',
      /300 ms/,
      /- GET \/timer: no response/,
      /open: .*\d timers?/,
      /LOCKSTEP_TRACE=1/,
    ],
    ['/socket', 'LOCKSTEP_SYNC_TIMEOUT', /\d TCP sockets?/, /1 listening TCP server/],
    [
      '/transaction',
      'LOCKSTEP_SYNC_TIMEOUT',
      /- sqlite3 connection \d has a transaction open, idle for \d+ ms after "\s*insert into notes/,
      /- sqlite3 connection \d has waited \d+ ms for its turn to run "insert into notes/,
    ],
    // What is left of the test's two seconds when it begins to wait.
    ['promise', 'LOCKSTEP_SYNC_TIMEOUT', /(2000|19\d\d) ms/, /Node still has open/],
  ];

  for (const [title, code, ...texts] of told) {
    it(`${title}: ${code}`, () => {
      const { err } = plain.find(`waits that fail ${title}`);

      expect(err.code, plain.stdout).to.equal(code);
      for (const text of texts) expect(err.message).to.match(text);
    });
  }

  it('with LOCKSTEP_TRACE=1 where timers and sockets were created', () => {
    expect(traced.find('/timer').err.message).to.match(/- timer, created at keepTimer \(.*app\.mjs:/);
    expect(traced.find('/socket').err.message).to.match(/- TCP socket, created at Server\.<anonymous> \(.*app\.mjs:/);
    expect(traced.find('/socket').err.message).to.match(/- TCP server, created at keepSocket \(.*app\.mjs:/);
    expect(traced.find('/silent').err.message).not.to.contain('created');
    expect(traced.find('/socket').err.message).not.to.contain('LOCKSTEP_TRACE');
  });

  for (const title of ['/silent', '/timer', 'promise', 'stall', 'place', 'usage', 'session']) {
    it(`its stack begins with the user's line: ${title}`, () => {
      expect(frames(plain, title)[0], plain.find(title).err.stack).to.contain('waits.mjs');
      expect(plain.find(title).err.stack).to.match(/^\w*Error: /);
    });
  }

  for (const DATABASE of ['sqlite', 'postgres']) {
    it(`the stacks of the session's and the client's errors are the test's lines alone: ${DATABASE}`, async () => {
      const run = await runMocha(fixture('forgotten-commit'), ['stacks.mjs'], { env: { DATABASE }, limit: 60_000 });

      expect(run.failed).to.have.length(10);
      for (const title of run.failed) {
        const shown = frames(run, title);
        expect(shown, run.find(title).err.stack).not.to.have.length(0);
        for (const line of shown) expect(line).to.contain('stacks.mjs');
      }
    });
  }

  it('an error of the config has no stack of mocha', () => {
    const { stderr, stdout } = spawnSync(
      process.execPath,
      [mochaProgram(), '--no-config', '--require', 'lockstep/mocha', 'stacks.mjs'],
      {
        cwd: fixture('forgotten-commit'),
        encoding: 'utf8',
        env: { ...process.env, LOCKSTEP_CONFIG: './wrong.config.mjs' },
      },
    );

    expect(stdout + stderr).to.match(/ConfigError: .*databse/);
    expect(stdout + stderr).not.to.match(/^ +at /m);
  });

  it("with LOCKSTEP_DEBUG=1 the stack has Lockstep's own lines too", () => {
    expect(frames(debugged, 'promise')[0]).to.match(/[\\/]dist[\\/]/);
    expect(frames(debugged, 'promise').join()).to.contain('waits.mjs');
  });

  it('with LOCKSTEP_DEBUG=1 hops, waits, savepoints, statements and turns are logged with titles', () => {
    for (const text of [
      /^\[lockstep \+\d+\.\d ms\] hop into test "waits that fail promise"$/m,
      /savepoint for test "waits that fail promise"$/m,
      /wait begins: sync\(\) in "waits that fail promise"$/m,
      /wait ends after \d+\.\d ms, timeout: sync\(\) in "waits that fail promise"$/m,
      /rollback of test "waits that fail promise"$/m,
      /sqlite3 connection \d: insert into notes .* ms, \d rows\)$/m,
      /turn kept by sqlite3 connection \d$/m,
    ]) {
      expect(debugged.stderr).to.match(text);
    }
    expect(plain.stderr).to.equal('');
    expect(traced.stderr).to.equal('');
  });
});
