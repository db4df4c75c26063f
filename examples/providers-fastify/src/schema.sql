create table if not exists providers (
  id integer generated always as identity primary key,
  name text not null unique,
  slug text not null unique,
  country text not null check (length(country) = 2),
  status text not null default 'active' check (status in ('active', 'suspended')),
  created_at timestamptz not null default now()
);

create table if not exists connections (
  id integer generated always as identity primary key,
  provider_id integer not null references providers (id) on delete restrict,
  account_ref text not null,
  status text not null default 'pending' check (status in ('pending', 'active', 'disconnected')),
  -- Handed to the provider and expected back by the callback; null once it was used.
  state text unique,
  created_at timestamptz not null default now()
);

-- An account reaches a provider through one connection at a time; disconnected ones are history.
create unique index if not exists one_live_connection
  on connections (provider_id, account_ref) where status <> 'disconnected';

create table if not exists tokens (
  id integer generated always as identity primary key,
  connection_id integer not null references connections (id) on delete cascade,
  version integer not null,
  -- Both sealed with AES-256-GCM; see crypto.ts.
  access_token text not null,
  refresh_token text not null,
  expires_at timestamptz not null,
  replaced_at timestamptz,
  created_at timestamptz not null default now(),
  unique (connection_id, version)
);

create unique index if not exists one_current_token
  on tokens (connection_id) where replaced_at is null;
