/** Rows that tests start from, written through the app's own query builder. */

import { seal } from '#app/crypto.js';
import { slugify, type ProviderRow } from '#app/models/provider.js';
import type { ConnectionRow } from '#app/models/connection.js';
import type { TokenRow } from '#app/models/token.js';
import { insert } from '#twin';

/** The headers of a client that the app knows. */
export const headers = { authorization: 'Bearer development-key' };

let serial = 0;

/** The message of the error that the work fails with. */
export async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('The work was expected to fail.');
}

export async function aProvider(changes: Partial<ProviderRow> = {}): Promise<ProviderRow> {
  const name = changes.name ?? `Bank ${++serial}`;

  return insert<ProviderRow>('providers', { name, slug: slugify(name), country: 'FR', ...changes });
}

/** A connection that waits for its callback, at a provider of its own unless one is named. */
export async function aConnection(changes: Partial<ConnectionRow> = {}): Promise<ConnectionRow> {
  const row = {
    provider_id: changes.provider_id ?? (await aProvider()).id,
    account_ref: `account-${++serial}`,
    status: 'pending',
    state: `state-${serial}`,
    ...changes,
  };

  return insert<ConnectionRow>('connections', row);
}

export async function aToken(connection: ConnectionRow, changes: Partial<TokenRow> = {}): Promise<TokenRow> {
  const row = {
    connection_id: connection.id,
    version: 1,
    access_token: seal('access_secret', `connection/${connection.id}/access`),
    refresh_token: seal('refresh_secret', `connection/${connection.id}/refresh`),
    expires_at: '2030-01-01T00:00:00.000Z',
    ...changes,
  };

  return insert<TokenRow>('tokens', row);
}

/** A connection in force, with version 1 of its token. */
export async function anActiveConnection(): Promise<ConnectionRow> {
  const connection = await aConnection({ status: 'active', state: null });
  await aToken(connection);

  return connection;
}
