import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { fixture } from '../../run-mocha.js';
import { direct } from './direct.js';
import type { Place } from './place.js';
import { sandboxed } from './sandboxed.js';

const SCHEMA = readFileSync(fixture('postgres', 'shops', 'schema.sql'), 'utf8');
const SERVER = process.env['SHOP_SERVER'] ?? 'postgres://postgres:x@127.0.0.1:55433';

export const PLACES: readonly Place['kind'][] = ['direct', 'sandbox'];

/** Opens a place, each on a database of its own. */
export const places: Readonly<Record<Place['kind'], () => Promise<Place>>> = {
  direct: async () => direct(await createDatabase(), SCHEMA),
  sandbox: async () => sandboxed(await createDatabase(), SCHEMA),
};

async function createDatabase(): Promise<string> {
  const name = `shop_test_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client(`${SERVER}/postgres`);
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();

  return `${SERVER}/${name}`;
}
