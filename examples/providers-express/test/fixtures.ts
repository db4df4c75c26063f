/** Rows that tests start from. Each is written by the test's session and gone when the test ends. */

import { session } from 'lockstep';
import { seal } from '#app/crypto.js';
import { slugify, type ProviderRow } from '#app/models/provider.js';
import type { ConnectionRow } from '#app/models/connection.js';
import type { TokenRow } from '#app/models/token.js';

/** The headers of a client that the app knows. */
export const headers = { authorization: 'Bearer development-key' };

let serial = 0;

export function aProvider(changes: Partial<ProviderRow> = {}): ProviderRow {
  const name = changes.name ?? `Bank ${++serial}`;

  return session.insert<ProviderRow>('providers', { name, slug: slugify(name), country: 'FR', ...changes });
}

/** A connection that waits for its callback, at a provider of its own unless one is named. */
export function aConnection(changes: Partial<ConnectionRow> = {}): ConnectionRow {
  const row = {
    provider_id: changes.provider_id ?? aProvider().id,
    account_ref: `account-${++serial}`,
    status: 'pending',
    state: `state-${serial}`,
    ...changes,
  };

  return session.insert<ConnectionRow>('connections', row);
}

export function aToken(connection: ConnectionRow, changes: Partial<TokenRow> = {}): TokenRow {
  const row = {
    connection_id: connection.id,
    version: 1,
    access_token: seal('access_secret', `connection/${connection.id}/access`),
    refresh_token: seal('refresh_secret', `connection/${connection.id}/refresh`),
    expires_at: '2030-01-01T00:00:00.000Z',
    ...changes,
  };

  return session.insert<TokenRow>('tokens', row);
}

/** A connection in force, with version 1 of its token. */
export function anActiveConnection(): ConnectionRow {
  const connection = aConnection({ status: 'active', state: null });
  aToken(connection);

  return connection;
}
