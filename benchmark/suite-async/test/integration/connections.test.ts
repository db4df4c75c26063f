import { expect } from 'chai';
import { db } from '../../../../examples/providers-express/src/db.js';
import * as connections from '../../../../examples/providers-express/src/services/connections.js';
import { aConnection, count, failure } from '../fixtures.js';

describe('Completing a connection', () => {
  it('puts it in force and stores its tokens sealed', async () => {
    const { id } = await aConnection({ state: 'xyz' });

    await connections.complete('xyz', 'code');

    expect(await db('connections').where({ id }).first('status', 'state')).to.deep.equal({
      status: 'active',
      state: null,
    });
    const stored = await db('tokens').where({ connection_id: id }).first('access_token', 'refresh_token');
    expect(stored?.access_token).to.match(/^v1\./);
    expect(stored?.refresh_token).to.match(/^v1\./);
  });

  it('leaves it pending when its tokens cannot be stored', async () => {
    const { id } = await aConnection({ state: 'xyz' });

    expect(await failure(connections.complete('xyz', 'stale'))).to.include('expired already');

    expect(await db('connections').where({ id }).first('status', 'state')).to.deep.equal({
      status: 'pending',
      state: 'xyz',
    });
    expect(await count('tokens')).to.equal(0);
  });
});
