import { expect } from 'chai';

import { SessionUsageError } from '#src/errors.js';
import { createSession, type Session } from '#src/session/index.js';

import { PlainConnection } from './connection.js';

describe('session transactions', () => {
  let connection: PlainConnection;
  let session: Session;
  const names = (): unknown[] =>
    session.all<{ name: string }>('select name from t order by name').map(({ name }) => name);
  const add = (name: string): unknown => session.run('insert into t (name) values (?)', [name]);

  beforeEach(() => {
    connection = new PlainConnection();
    session = createSession(connection);
    session.exec('create table t (name text unique)');
  });

  afterEach(() => {
    expect(connection.inTransaction).to.equal(false);
    connection.close();
  });

  describe('transaction', () => {
    it('commits when the function returns, and returns its value', () => {
      expect(session.transaction(() => (add('a'), 5))).to.equal(5);
      expect(names()).to.deep.equal(['a']);
    });

    it('rolls back when it throws, and throws the same error on', () => {
      const failure = new Error('no');
      expect(() =>
        session.transaction(() => {
          add('a');
          throw failure;
        }),
      ).to.throw(failure);
      expect(names()).to.deep.equal([]);
    });

    it('nested is a savepoint', () => {
      session.transaction(() => {
        add('a');
        expect(() =>
          session.transaction(() => {
            add('b');
            add('a');
          }),
        ).to.throw(/UNIQUE/);
        session.transaction(() => add('c'));
      });
      expect(names()).to.deep.equal(['a', 'c']);
    });

    it('inside a BEGIN of the user is a savepoint', () => {
      session.run('begin');
      session.transaction(() => add('a'));
      session.run('rollback');
      expect(names()).to.deep.equal([]);
    });

    it('rolls back when the commit fails', () => {
      session.exec(`pragma foreign_keys = on; create table p (id integer primary key);
        create table c (p_id integer references p deferrable initially deferred)`);
      expect(() => session.transaction(() => session.run('insert into c values (1)'))).to.throw(/FOREIGN KEY/);
      expect(session.count('c')).to.equal(0);
    });

    it('refuses an async function by its name, before it runs', () => {
      let ran = false;
      const createProvider: () => unknown = async () => {
        ran = true;
        await Promise.resolve();
      };
      expect(() => session.transaction(createProvider)).to.throw(
        SessionUsageError,
        /function createProvider.*is async/,
      );
      expect(ran).to.equal(false);
    });

    it('refuses a function that returns a promise, and rolls it back', () => {
      const createLater: () => unknown = () => {
        add('a');
        return Promise.reject(new Error('nobody sees this'));
      };
      expect(() => session.transaction(createLater)).to.throw(SessionUsageError, /createLater.*returned a promise/);
      expect(names()).to.deep.equal([]);
    });

    it('refuses a function that ends the transaction itself', () => {
      expect(() => session.transaction(() => session.run('commit'))).to.throw(
        SessionUsageError,
        /ended the transaction/,
      );
    });

    it('refuses what is no function', () => {
      expect(() => session.transaction(undefined as never)).to.throw(SessionUsageError, /was given undefined/);
    });
  });

  describe('savepoint', () => {
    it('rollback undoes what followed', () => {
      add('a');
      const savepoint = session.savepoint();
      add('b');
      savepoint.rollback();
      expect(names()).to.deep.equal(['a']);
    });

    it('commit keeps it', () => {
      const savepoint = session.savepoint();
      add('b');
      savepoint.commit();
      expect(names()).to.deep.equal(['b']);
    });

    it('nests, and an outer rollback ends inner ones', () => {
      const outer = session.savepoint();
      add('a');
      const inner = session.savepoint();
      add('b');
      inner.commit();
      const open = session.savepoint();
      outer.rollback();
      expect(names()).to.deep.equal([]);
      expect(() => open.commit()).to.throw(SessionUsageError, /has ended/);
    });

    it('ends once', () => {
      const savepoint = session.savepoint();
      savepoint.rollback();
      expect(() => savepoint.rollback()).to.throw(
        SessionUsageError,
        /rollback was called on a savepoint that has ended/,
      );
    });

    it('disposing rolls back unless it has ended', () => {
      const kept = session.savepoint();
      add('a');
      kept.commit();
      kept[Symbol.dispose]();
      const dropped = session.savepoint();
      add('b');
      dropped[Symbol.dispose]();
      expect(names()).to.deep.equal(['a']);
    });

    it('session.rollback and session.commit end the innermost', () => {
      session.savepoint();
      add('a');
      session.savepoint();
      add('b');
      session.rollback();
      session.commit();
      expect(names()).to.deep.equal(['a']);
    });

    it('is forgotten when its transaction ended without it', () => {
      const savepoint = session.savepoint();
      session.run('rollback');
      expect(() => savepoint.commit()).to.throw(SessionUsageError, /has ended/);
      expect(() => session.rollback()).to.throw(SessionUsageError, /no savepoint is open/);
    });

    it('rollback and commit without a savepoint say what to do', () => {
      expect(() => session.commit()).to.throw(SessionUsageError, /no commit is needed/);
      expect(() => session.rollback()).to.throw(SessionUsageError, /session\.savepoint\(\)/);
      session.transaction(() => {
        expect(() => session.rollback()).to.throw(SessionUsageError, /Throw from the function/);
      });
    });
  });
});
