import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { fixture, runMocha, type MochaRun } from '../run-mocha.js';

describe('lockstep/supertest under mocha', function () {
  this.timeout(30_000);
  let run: MochaRun;

  before(async () => {
    run = await runMocha(fixture('supertest'), ['requests.mjs']);
  });

  it('passes what supertest passes, written in either way', () => {
    expect(
      run.passed.map((title) => title.replace('requests ', '')),
      run.stdout,
    ).to.deep.equal(['are sent', 'are returned', 'are awaited as of old', 'call back', 'come after one that was left']);
    expect(run.stderr).to.equal('');
  });

  it('fails a test that built a request and never sent it', () => {
    const { err } = run.find('are never sent');

    expect(err.code).to.equal('LOCKSTEP_UNSENT_REQUEST');
    expect(err.message).to.contain('built GET /forgotten with supertest and never sent it');
    expect(err.stack).to.match(/at .*requests\.mjs:22:/);
    expect(run.find('are never sent after an await').err.code).to.equal('LOCKSTEP_UNSENT_REQUEST');
  });

  it('fails such a test without waits, too, and only that', async () => {
    const unwaited = await runMocha(fixture('supertest'), ['requests.mjs'], {
      env: { LOCKSTEP_AUTO: '0' },
    });

    for (const title of ['are never sent', 'are never sent after an await'])
      expect(unwaited.find(title).err.code).to.equal('LOCKSTEP_UNSENT_REQUEST');
    const { failed, passed, stdout } = unwaited;
    expect(
      failed.filter((title) => /return|await|call/.test(title) && !/never/.test(title)),
      stdout,
    ).to.deep.equal([]);
    expect(passed, stdout).to.include('requests are returned').and.include('requests are awaited as of old');
  });

  it('fails at the line of the expectation', () => {
    const { err } = run.find('fail at their line');

    expect(err.message).to.equal('expected 404 "Not Found", got 200 "OK"');
    expect(err.stack).to.match(/GET \/ answered 200 OK: \{"hello":"world"\}\n.*requests\.mjs:43/);
  });

  it('fails with the error of the app', () => {
    expect(run.find('fail with the error of the app').err.stack).to.match(
      /the app failed[\s\S]*app\.mjs[\s\S]*requests\.mjs/,
    );
  });

  it('tells a test of the requests that it left in flight', () => {
    const { err } = run.find('are left in flight');

    expect(err.code).to.equal('LOCKSTEP_LEAK');
    expect(err.message).to.contain('GET /silent (supertest): no complete answer');
  });

  it('works in CommonJS', async () => {
    const common = await runMocha(fixture('supertest'), ['common.cjs']);
    expect(common.passed, common.stdout + common.stderr).to.deep.equal(['works in CommonJS']);
  });

  it('says by name that supertest is not installed', () => {
    // Only the look-up from the project's folder; Lockstep's own finds its development dependency.
    const script = `
      import Module from 'node:module';
      const resolve = Module._resolveFilename;
      Module._resolveFilename = function (name, ...rest) {
        if (name === 'supertest') throw Object.assign(new Error('none'), { code: 'MODULE_NOT_FOUND' });
        return resolve.call(this, name, ...rest);
      };
      const { default: request } = await import('lockstep/supertest');
      try { request(() => {}); } catch (error) { console.log(error.code, error.message); }`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });

    expect(output).to.contain('LOCKSTEP_PEER_MISSING').and.contain('npm install --save-dev supertest');
  });
});
