import { expect } from 'chai';
import sinon from 'sinon';
import type { ResolvedDatabase } from '#src/config/index.js';
import { AppError, ExpectationError, SandboxLostError, ServerError } from '#src/errors.js';
import { unreachedHint, warnOfOthers } from '#src/runner/other-database.js';

const main = { key: 'databases.main', env: ['DATABASE_URL', 'PG*'], swap: undefined } as unknown as ResolvedDatabase;
const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });

/** An error of an ORM that keeps the driver's as a property of its own. */
const wrapped = (key: 'cause' | 'parent' | 'errors'): Error =>
  key === 'errors'
    ? new AggregateError([refused], 'all failed')
    : Object.assign(new Error('query failed'), { [key]: refused });

function hintFor(errors: readonly unknown[], unreached = [main], others: readonly string[] = []): string | undefined {
  return unreachedHint(errors, unreached, others);
}

describe('the hint that the app has not reached the database', () => {
  const spoken: readonly (readonly [string, unknown])[] = [
    ['a refused connection', refused],
    [
      'an unknown password',
      Object.assign(new Error('password authentication failed for user "ada"'), { code: '28P01' }),
    ],
    ['a missing password', new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')],
    ['a cause', wrapped('cause')],
    ['what Sequelize calls parent', wrapped('parent')],
    ['one of several', wrapped('errors')],
    [
      'an app that fails with it while it starts',
      new AppError({ what: 'The app could not be loaded', cause: refused }),
    ],
    ['the body of an answer', 'connect ECONNREFUSED 127.0.0.1:5432'],
    ['a response with it', new ExpectationError({ what: `wanted 200, got 500: ${refused.message}` })],
  ];
  for (const [name, error] of spoken) {
    it(`is given for ${name}`, () => {
      const hint = hintFor([error]);

      expect(hint).to.match(/^ {2}The app has not reached the config's databases\.main in this run\.\n/);
      expect(hint).to.match(
        /\n {2}databases\.main\.env sets DATABASE_URL, PG\*: .*\n {2}\(see .*#lockstep_other_database\)$/,
      );
      expect(hintFor([error], [])).to.equal(undefined);
    });
  }

  const lost = new SandboxLostError({ what: 'The connection to Postgres ended', cause: refused });
  const silent: readonly (readonly [string, unknown])[] = [
    ['other errors', new TypeError('x is not a function')],
    ['an error of the server that the app reaches', Object.assign(new Error('duplicate key'), { code: '23505' })],
    ['a body that says something else', 'not found'],
    ['the body of an answer that tells of the sandbox', `${refused.message} ${lost.message}`],
    ["a server of the config's that is not there", new ServerError({ what: 'Cannot connect (ECONNREFUSED)' })],
    ['a sandbox that is lost', lost],
    ["a sandbox that is lost, as the app's driver says it", Object.assign(new Error(lost.message), { code: '57P01' })],
    ['the same below an error of an ORM', Object.assign(new Error('query failed'), { cause: new Error(lost.message) })],
  ];
  for (const [name, error] of silent) {
    it(`is not given for ${name}`, () => {
      expect(hintFor([error])).to.equal(undefined);
    });
  }

  it('is given for the error behind an answer, whatever the test failed with', () => {
    expect(hintFor([new Error('expected 500 to equal 200'), undefined, refused])).to.include('has not reached');
  });

  it('is given for whatever fails once the app has connected to another server', () => {
    const others = ['10.0.0.7:5432'];

    expect(hintFor([new Error('expected 3 to equal 1')], [main], others)).to.match(
      /has not reached the config's databases\.main in this run, but it has connected to 10\.0\.0\.7:5432\.\n/,
    );
    expect(hintFor([new Error('expected 3 to equal 1')], [], others)).to.equal(undefined);
  });

  it('ends where errors cause each other in a circle', () => {
    const one = new Error('one');
    one.cause = Object.assign(new Error('two'), { cause: one });

    expect(hintFor([one])).to.equal(undefined);
  });
});

describe('the warning of another database', () => {
  let warnings: string[];

  beforeEach(() => {
    warnings = [];
    sinon.stub(process, 'emitWarning').callsFake((warning) => void warnings.push(String(warning)));
  });
  afterEach(() => sinon.restore());

  it('names servers and the remedy', () => {
    warnOfOthers([main], ['127.0.0.1:5432', '/run/.s.PGSQL.5432']);

    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/connected to 127\.0\.0\.1:5432, \/run\/\.s\.PGSQL\.5432: what it does/);
    expect(warnings[0]).to.match(/databases\.main\.env sets DATABASE_URL, PG\*/);
  });

  it('is not given without a server, or where every database was reached', () => {
    warnOfOthers([main], []);
    warnOfOthers([], ['127.0.0.1:5432']);

    expect(warnings).to.deep.equal([]);
  });
});
