import { expect } from 'chai';
import * as connections from '#app/services/connections.js';
import { count } from '#twin';
import { aConnection, anActiveConnection, aToken } from '../fixtures.js';

describe('Tokens of a connection', () => {
  it('are queried when connection.token is read, not before', async () => {
    const row = await aConnection({ status: 'active', state: null });
    const connection = await connections.get(row.id);

    expect(await connection.token).to.be.undefined;

    await aToken(row);
    expect((await connection.token)?.accessToken).to.equal('access_secret');
  });

  it('are rotated: the old version becomes history', async () => {
    const { id } = await anActiveConnection();

    const renewed = await connections.refresh(id);

    expect(renewed.version).to.equal(2);
    expect(renewed.accessToken).not.to.equal('access_secret');

    const history = await (await connections.get(id)).history;
    expect(history.map(({ version, replacedAt }) => [version, replacedAt !== null])).to.deep.equal([
      [1, true],
      [2, false],
    ]);
  });

  it('are rotated once when two ask at the same time', async () => {
    const { id } = await anActiveConnection();
    // On connections that are warm already, or one of the two could be done before the other has asked.
    await Promise.all([1, 2].map(async () => (await connections.get(id)).token));

    const outcomes = await Promise.allSettled([connections.refresh(id), connections.refresh(id)]);

    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failures).to.have.nested.property('[0].reason.message', 'The tokens were rotated meanwhile.');
    expect(failures).to.have.length(1);
    expect(await count('tokens', { connection_id: id })).to.equal(2);
  });
});
