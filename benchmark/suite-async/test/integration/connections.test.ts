import { expect } from 'chai';
import * as connections from '#app/services/connections.js';
import { count, find } from '#twin';
import { aConnection, failure } from '../fixtures.js';

describe('Completing a connection', () => {
  it('puts it in force and stores its tokens sealed', async () => {
    const { id } = await aConnection({ state: 'xyz' });

    await connections.complete('xyz', 'code');

    expect(await find('connections', { id }, ['status', 'state'])).to.deep.equal({
      status: 'active',
      state: null,
    });
    const stored = await find('tokens', { connection_id: id }, ['access_token', 'refresh_token']);
    expect(stored?.access_token).to.match(/^v1\./);
    expect(stored?.refresh_token).to.match(/^v1\./);
  });

  it('leaves it pending when its tokens cannot be stored', async () => {
    const { id } = await aConnection({ state: 'xyz' });

    expect(await failure(connections.complete('xyz', 'stale'))).to.include('expired already');

    expect(await find('connections', { id }, ['status', 'state'])).to.deep.equal({
      status: 'pending',
      state: 'xyz',
    });
    expect(await count('tokens')).to.equal(0);
  });
});
