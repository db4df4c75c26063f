import { expect } from 'chai';
import { fixture, runMocha, type MochaRun } from '../run-mocha.js';

describe('http client under mocha', () => {
  let run: MochaRun;
  before(async function () {
    this.timeout(30_000);
    run = await runMocha(fixture('client'), ['client.mjs']);
  });

  it('cookies, queries, settle and sessions belong to their test', () => {
    expect(run.failed, run.stdout + run.stderr).to.deep.equal([
      'queries explain a failure',
      'sessions name the wait',
      'async tests are told which request had no answer',
    ]);
    expect(run.passed).to.have.length(9);
    expect(run.stderr).to.equal('');
  });

  it('a failed expectation shows the error and the SQL of its request, on its own line', () => {
    const { message = '', stack = '', code } = run.find('queries explain a failure').err;
    expect(code).to.equal('LOCKSTEP_EXPECTATION');
    expect(message).to.match(/^GET http:\/\/localhost\/broken: wanted status 200 OK, got 500 Internal Server Error\n/);
    expect(message).to.match(/\n {2}the app's error: .*no such table: no_such_table\n/);
    expect(stack).to.match(/GET \/broken\n +select \* from `?notes`?  \(sqlite3 connection \d+, [\d.]+ ms, 0 rows\)/);
    expect(stack).not.to.match(/ (?:at|in) .*(node:|deasync|[\\/]dist[\\/]|mocha\/lib)/);
    expect(message).to.include("curl http://localhost/broken -H 'accept: application/json' --compressed");
    expect(stack.split('\n    at ')[1]).to.include('client.mjs');
  });

  it('a wait that nothing ends is named', () => {
    expect(run.find('sessions name the wait').err.message).to.match(
      /GET \/events \(status 200, \d+ bytes so far\): next\(\)/,
    );
    const { code, message } = run.find('async tests are told which request had no answer').err;
    expect([code, /GET \/mute: no response after \d+ ms/.test(message ?? '')]).to.deep.equal([
      'LOCKSTEP_SYNC_TIMEOUT',
      true,
    ]);
  });
});

describe('OpenAPI under mocha', () => {
  it('every answer is compared with the document of the config', async function () {
    this.timeout(30_000);
    const run = await runMocha(fixture('openapi'), ['openapi.mjs']);

    expect(run.passed, run.stdout + run.stderr).to.have.length(2);
    const { code, message = '', stack } = run.find('an answer that the document has otherwise').err;
    expect(code).to.equal('LOCKSTEP_OPENAPI');
    expect(message)
      .to.match(/\/users\/2: the answer 200 OK is not as .*openapi\.json declares GET \/users\/\{id\}\n/)
      .and.to.match(/ \/name: wanted string, got null\n {2}body: \{"id":2,"name":null\}\n/);
    expect(stack).to.match(/openapi\.mjs:9/);
    expect(run.find('an answer that the document has not, awaited').err.message).to.match(
      /path: wanted one of \/users\/\{id\}, got '\/secret'/,
    );
  });
});
