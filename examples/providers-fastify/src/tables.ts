/** What schema.sql looks like to TypeScript. */

import type { Generated, GeneratedAlways } from 'kysely';

export type ProviderStatus = 'active' | 'suspended';
export type ConnectionStatus = 'pending' | 'active' | 'disconnected';

export interface ProviderTable {
  id: GeneratedAlways<number>;
  name: string;
  slug: string;
  country: string;
  status: Generated<ProviderStatus>;
  created_at: Generated<Date>;
}

export interface ConnectionTable {
  id: GeneratedAlways<number>;
  provider_id: number;
  account_ref: string;
  status: Generated<ConnectionStatus>;
  state: string | null;
  created_at: Generated<Date>;
}

export interface TokenTable {
  id: GeneratedAlways<number>;
  connection_id: number;
  version: number;
  access_token: string;
  refresh_token: string;
  expires_at: Date;
  replaced_at: Date | null;
  created_at: Generated<Date>;
}

export interface Tables {
  providers: ProviderTable;
  connections: ConnectionTable;
  tokens: TokenTable;
}
