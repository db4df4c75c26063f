import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { ExpectationError, RequestError } from '#src/errors.js';
import type { RequestQueries, StatementRecord } from '#src/queries/index.js';
import { thrownBy } from './frame.js';
import { EXPRESS, host, stopAll } from './frameworks.js';

const log: StatementRecord[] = [];
const [, express] = EXPRESS[1]!;

function statement(sql: string, more: Partial<StatementRecord> = {}): StatementRecord {
  return {
    sql,
    by: 'app',
    database: 'main',
    connection: 'sqlite3 connection 1',
    duration: 1,
    rows: 0,
    transaction: undefined,
    test: 'a test',
    request: undefined,
    error: undefined,
    ...more,
  };
}

/** Reads the log from where it stood when the call began. */
function queries(): RequestQueries {
  const from = log.length;
  return {
    end: () => undefined,
    read: () => Object.assign(log.slice(from), { omitted: 0 }),
  };
}

function app(): unknown {
  const boom = new TypeError('cannot read x of undefined');
  return express()
    .get('/ok', (_req, res) => void res.json({ id: 1, tags: ['a', 'b'], owner: { name: 'ann' } }))
    .get('/boom', (_req, _res, next) => {
      log.push(
        statement('insert into\n  notes values (1)', { duration: 0.42, rows: 1, transaction: 2 }),
        statement('select x', { error: { code: 'SQLITE_ERROR', message: 'no x' } }),
      );
      next(boom);
    });
}

describe('http expectations', () => {
  beforeEach(() => void log.splice(0));
  afterEach(stopAll);

  it('return the response when they hold', async () => {
    const res = await host(app()).client.async.get('/ok');
    expect(
      res
        .expect(200)
        .expectJson({ owner: { name: /^a/ } })
        .raiseForStatus(),
    ).to.equal(res);
  });

  it('throw on their own line, with all that explains it', async () => {
    log.push(statement('of an earlier request'));
    const made = host(app(), { queries, raiseServerErrors: false });
    const res = await made.client.async.get('/boom', { headers: { 'x-a': '1' } });
    const error = thrownBy(function theTestItself() {
      res.expect(201);
    }) as ExpectationError;

    expect(error).to.be.instanceOf(ExpectationError);
    expect([error.code, error.expected, error.actual]).to.deep.equal(['LOCKSTEP_EXPECTATION', 201, 500]);
    expect(error.stack?.split('\n    at ')[1])
      .to.include('theTestItself')
      .and.to.include(fileURLToPath(import.meta.url));
    const lines = error.message.split('\n');
    expect(lines[0]).to.equal('GET http://localhost/boom: wanted status 201 Created, got 500 Internal Server Error');
    expect(error.message)
      .to.match(/body: .*cannot read x of undefined/)
      .and.to.match(/\n {2}the app's error: TypeError: cannot read x of undefined\n/)
      .and.to.include("curl http://localhost/boom -H 'x-a: 1' --compressed");
    expect(error.message, 'frames and SQL are the report’s').not.to.match(/\n +at |select x/);
    expect(res.queries).to.have.length(2);
    expect(res.dump())
      .to.match(/the app's error:\n +TypeError: cannot read x of undefined\n +at .*expectations\.test/)
      .and.to.include('insert into notes values (1)  (sqlite3 connection 1, transaction 2, 0.4 ms, 1 row)')
      .and.to.include('select x  (sqlite3 connection 1, 1.0 ms, failed with SQLITE_ERROR: no x)');
  });

  it('raiseForStatus throws from 400 on', async () => {
    const res = await host(app()).client.async.get('/none');
    const error = thrownBy(() => res.raiseForStatus());
    expect(error).to.be.instanceOf(ExpectationError);
    expect(error.message).to.match(/wanted a success, got 404 Not Found/);
  });

  it('expectJson names what differs', async () => {
    const res = await host(app()).client.async.get('/ok');
    const error = thrownBy(() => res.expectJson({ id: 2, tags: ['a'], owner: { age: 7 } }));
    expect(error).to.be.instanceOf(ExpectationError);
    expect(error.message).to.match(/id: wanted 2, got 1\n/);
    expect(error.message).to.match(/tags\.length: wanted 1, got 2\n/);
    expect(error.message).to.match(/owner\.age: wanted 7, got nothing\n/);
  });

  it('a wrong argument is refused by name', async () => {
    const res = await host(app()).client.async.get('/ok');
    expect(() => res.expect('200' as never)).to.throw(RequestError, /status is "200"/);
  });

  it('dump shows the whole exchange', async () => {
    const { client } = host((request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/a') return void response.writeHead(302, { location: '/b' }).end();
      response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => {
        response.writeHead(200, { 'content-type': 'application/json', trailer: 'x-sum' });
        response.write('{"a":1}');
        response.addTrailers({ 'x-sum': '7' });
        response.end();
      });
    });
    const res = await client.async.post('/a', { json: { b: 2 } });
    expect(res.informational).to.deep.equal([{ status: 103, headers: { link: '</a.css>; rel=preload' } }]);
    expect(res.trailers).to.deep.equal({ 'x-sum': '7' });
    const text = res.dump();
    expect(text).to.match(/^POST http:\/\/localhost\/a -> 302, \/b\nGET http:\/\/localhost\/b\n-> 103\n {3}link: /);
    expect(text).to.match(/-> 200 OK \(\d+\.\d ms\)\n {3}content-type: application\/json\n/);
    expect(text).to.include('{\n  "a": 1\n}').and.to.include('trailers:\n   x-sum: 7');
    expect(res.toCurl()).to.equal('curl http://localhost/b --compressed');
  });
});
