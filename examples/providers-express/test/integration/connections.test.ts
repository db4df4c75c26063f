import { expect } from 'chai';
import { session, sql, sync } from 'lockstep';
import * as connections from '#app/services/connections.js';
import { aConnection } from '../fixtures.js';

describe('Completing a connection', () => {
  it('puts it in force and stores its tokens sealed', () => {
    const { id } = aConnection({ state: 'xyz' });

    sync(connections.complete('xyz', 'code'));

    expect(session.get(sql`select status, state from connections where id = ${id}`)).to.deep.equal({
      status: 'active',
      state: null,
    });
    const stored = session.get(sql`select access_token, refresh_token from tokens where connection_id = ${id}`);
    expect(stored?.access_token).to.match(/^v1\./);
    expect(stored?.refresh_token).to.match(/^v1\./);
  });

  it('leaves it pending when its tokens cannot be stored', () => {
    const { id } = aConnection({ state: 'xyz' });

    expect(() => sync(connections.complete('xyz', 'stale'))).to.throw('expired already');

    expect(session.get(sql`select status, state from connections where id = ${id}`)).to.deep.equal({
      status: 'pending',
      state: 'xyz',
    });
    expect(session.count('tokens')).to.equal(0);
  });
});
