import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { openSession, type ConnectionParameters, type Pipe } from '#src/engine/postgres/session/index.js';
import { defaultTypes } from '#src/engine/postgres/session/type-parsers.js';
import { ConnectionLostError, StallError } from '#src/errors.js';

import { ENGINES, openLink, openPg, startServer } from './server.js';
import { openSocketPipe } from './socket-pipe.js';

let parameters: ConnectionParameters;

before(async function () {
  this.timeout(30_000);
  parameters = await startServer();
});

for (const engine of ENGINES) {
  describe(`the connection of a Postgres session by ${engine}`, () => {
    const open = (changes: Partial<ConnectionParameters> = {}): ReturnType<typeof openLink> =>
      openLink(engine, { ...parameters, ...changes });

    it('says who it is and keeps its settings', () => {
      const link = open({ applicationName: "the 'session'", settings: { 'my.setting': 'a b\\c', search_path: 'x' } });
      const { rows } = link.query(
        "select current_setting('application_name') as name, current_setting('my.setting') as mine, current_setting('search_path') as path, current_setting('client_encoding') as encoding",
        [],
      );
      link.close();

      expect(rows).to.deep.equal([{ name: "the 'session'", mine: 'a b\\c', path: 'x', encoding: 'UTF8' }]);
    });

    it('fails with the reason when the server refuses it', () => {
      const fail = (): unknown => open({ database: 'nowhere' });
      expect(fail).to.throw(ConnectionLostError, /cannot connect to Postgres at .*database "nowhere" does not exist/);
    });

    it('fails with the reason when there is no server', () => {
      expect(() => open({ port: 1 })).to.throw(ConnectionLostError, /cannot connect to Postgres at .*:1: /);
    });

    it('gives a password when it is asked for one', async () => {
      const admin = await openPg(parameters);
      await admin.query("set password_encryption = 'scram-sha-256'; create role plain login password 'it''s \\ ü'");
      try {
        const link = open({ user: 'plain', password: "it's \\ ü" });
        expect(link.query('select current_user as me', []).rows).to.deep.equal([{ me: 'plain' }]);
        link.close();
        expect(() => open({ user: 'plain', password: 'wrong' })).to.throw(
          ConnectionLostError,
          'password authentication',
        );
        expect(() => open({ user: 'plain' })).to.throw(ConnectionLostError);
      } finally {
        await admin.query('drop role plain');
        await admin.end();
      }
    });

    it('fails when the server ends it, and says so ever after', () => {
      const link = open();
      const ended =
        /ended during "select pg_terminate_backend.*: (?:terminating connection|server closed the connection)/;
      expect(() => link.query('select pg_terminate_backend(pg_backend_pid())', [])).to.throw(
        ConnectionLostError,
        ended,
      );

      expect(link.status).to.equal('idle');
      for (const call of [() => link.query('select 1', []), () => link.script('select 2')])
        expect(call).to.throw(ConnectionLostError, /"select [12]" cannot be sent/);
      link.close();
    });

    it('fails when it was ended between two statements', async () => {
      const link = open();
      link.script('begin');
      const pid = link.query('select pg_backend_pid() as pid', []).rows[0]?.['pid'];
      const admin = await openPg(parameters);
      await admin.query('select pg_terminate_backend($1, 5000)', [pid]);
      await admin.end();

      expect(() => link.query('select 1', [])).to.throw(ConnectionLostError, 'ended during "select 1"');
      expect(() => link.query('select 2', [])).to.throw(ConnectionLostError, 'cannot be sent');
      expect(link.status).to.equal('idle');
      link.close();
    });

    it('says that it was closed, and closes twice', () => {
      const link = open();
      link.close();
      link.close();
      expect(() => link.query('select 1', [])).to.throw(ConnectionLostError, 'it was closed');
    });

    it('leaves nothing on the server when it is closed', async () => {
      open({ applicationName: 'left-behind' }).close();
      const admin = await openPg(parameters);
      const ended = async (): Promise<boolean> => {
        const { rowCount } = await admin.query("select 1 from pg_stat_activity where application_name = 'left-behind'");
        return rowCount === 0;
      };

      for (let tries = 0; !(await ended()); tries += 1) {
        expect(tries, 'tries').to.be.below(400);
        await sleep(20);
      }
      await admin.end();
    });

    it('parses values by the parsers that it is given, and outlives one that throws', () => {
      const link = openLink(engine, parameters, {
        types: {
          getTypeParser: (oid, format) => {
            if (oid === 20) return BigInt;
            if (oid !== 16) return defaultTypes.getTypeParser(oid, format);
            return () => {
              throw new RangeError('no booleans');
            };
          },
        },
      });

      expect(link.query('select 9007199254740993 as large, 1 as small', []).rows).to.deep.equal([
        { large: 9007199254740993n, small: 1 },
      ]);
      expect(() => link.query('select n > 1 as yes from generate_series(1, 3) n', [])).to.throw(
        RangeError,
        'no booleans',
      );
      link.script('select true'); // whose rows nobody reads
      expect(link.query('select 1 as small', []).rows).to.deep.equal([{ small: 1 }]);
      link.close();
    });

    it('asks before each statement, and sends nothing that is refused', () => {
      const asked: string[] = [];
      const { session } = openSession({
        driver: engine,
        root: process.cwd(),
        connection: parameters,
        openPipe: () => openSocketPipe(parameters),
        beforeStatement: (sql) => {
          asked.push(sql);
          if (sql.includes('stall')) throw new StallError({ what: 'The app has the turn.' });
        },
      });

      session.execute('select :a::int', { a: 1 });
      session.script('select 1; select 2');
      expect(() => session.execute("select set_config('my.stall', 'sent', false)")).to.throw(StallError);
      expect(session.execute("select current_setting('my.sta' || 'll', true) as sent").rows).to.deep.equal([
        { sent: null },
      ]);
      expect(asked.slice(0, 2)).to.deep.equal(['select $1::int', 'select 1; select 2']);
      session.close();
    });
  });
}

describe('the built-in Postgres connection', () => {
  it("has the server's last words as the cause", () => {
    const link = openLink('builtin', parameters);

    expect(() => link.query('select pg_terminate_backend(pg_backend_pid())', []))
      .to.throw(ConnectionLostError, 'terminating connection due to administrator command')
      .with.nested.property('cause.code', '57P01');
  });

  it('gives up when the answer does not come in time', () => {
    const link = openLink('builtin', parameters, { timeout: 1500 });

    expect(() => link.query('select pg_sleep(20)', [])).to.throw(
      ConnectionLostError,
      'did not answer "select pg_sleep(20)" within 1500 ms',
    );
    expect(() => link.query('select 1', [])).to.throw(ConnectionLostError, 'cannot be sent');
  });

  it('counts the time of a whole answer, not of its parts', () => {
    const link = openLink('builtin', parameters, { timeout: 1500 });
    const slow = "do $$ begin for i in 1..100 loop raise notice '%', i; perform pg_sleep(0.05); end loop; end $$";

    expect(() => link.script(slow)).to.throw(ConnectionLostError, 'within 1500 ms');
  });

  it('hands on what the pipe itself has to say', () => {
    const stall = new StallError({ what: 'An app transaction has the turn.' });
    let stalled = false;
    const { session } = openSession({
      driver: 'builtin',
      root: process.cwd(),
      connection: parameters,
      openPipe: () => wrap(openSocketPipe(parameters), () => stalled, stall),
    });

    session.execute('select 1');
    stalled = true;
    expect(() => session.execute('select 2')).to.throw(stall);
    expect(() => session.execute('select 3')).to.throw(ConnectionLostError, 'An app transaction has the turn');
    session.close();
  });

  it('reads answers that come byte by byte, and many at once', () => {
    const { session } = openSession({
      driver: 'builtin',
      root: process.cwd(),
      connection: parameters,
      openPipe: () => byteByByte(openSocketPipe(parameters)),
    });

    expect(session.execute('select n, repeat($1, 3) as text from generate_series(1, 20) n', ['ü']).rows).to.have.length(
      20,
    );
    expect(() => session.execute('selec')).to.throw('syntax error');
    expect(session.execute('select 1 as one').rows).to.deep.equal([{ one: 1 }]);
    session.close();
  });
});

/** A pipe whose reads fail with `error` while `when()` is true. */
function wrap(pipe: Pipe, when: () => boolean, error: Error): Pipe {
  return {
    write: (bytes) => pipe.write(bytes),
    read: (timeout) => {
      if (when()) throw error;
      return pipe.read(timeout);
    },
    close: () => pipe.close(),
  };
}

/** A pipe that has the smallest pieces. */
function byteByByte(pipe: Pipe): Pipe {
  let rest: Uint8Array = new Uint8Array();

  return {
    write: (bytes) => pipe.write(bytes),
    read: (timeout) => {
      if (rest.length === 0) rest = pipe.read(timeout);
      const piece = rest.subarray(0, 1);
      rest = rest.subarray(1);
      return piece;
    },
    close: () => pipe.close(),
  };
}
