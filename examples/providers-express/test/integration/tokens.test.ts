import { expect } from 'chai';
import { session, sync } from 'lockstep';
import * as connections from '#app/services/connections.js';
import { aConnection, anActiveConnection, aToken } from '../fixtures.js';

describe('Tokens of a connection', () => {
  it('are queried when connection.token is read, not before', () => {
    const row = aConnection({ status: 'active', state: null });
    const connection = sync(connections.get(row.id));

    expect(sync(connection.token)).to.be.undefined;

    aToken(row);
    expect(sync(connection.token)?.accessToken).to.equal('access_secret');
  });

  it('are rotated: the old version becomes history', () => {
    const { id } = anActiveConnection();

    const renewed = sync(connections.refresh(id));

    expect(renewed.version).to.equal(2);
    expect(renewed.accessToken).not.to.equal('access_secret');

    const history = sync(sync(connections.get(id)).history);
    expect(history.map(({ version, replacedAt }) => [version, replacedAt !== null])).to.deep.equal([
      [1, true],
      [2, false],
    ]);
  });

  it('are rotated once when two ask at the same time', () => {
    const { id } = anActiveConnection();
    // On connections that are warm already, or one of the two could be done before the other has asked.
    sync(Promise.all([1, 2].map(async () => (await connections.get(id)).token)));

    const outcomes = sync(Promise.allSettled([connections.refresh(id), connections.refresh(id)]));

    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failures).to.have.nested.property('[0].reason.message', 'The tokens were rotated meanwhile.');
    expect(failures).to.have.length(1);
    expect(session.count('tokens', { connection_id: id })).to.equal(2);
  });
});
