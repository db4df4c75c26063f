import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fixture } from '../../run-mocha.js';
import { newDatabase } from '../server.js';
import { direct } from './direct.js';
import type { Place } from './place.js';
import { sandboxed } from './sandboxed.js';

const SCHEMA = readFileSync(fixture('postgres', 'shops', 'schema.sql'), 'utf8');

export const PLACES: readonly Place['kind'][] = ['direct', 'sandbox'];

/** Opens a place, each on a database of its own. */
export const places: Readonly<Record<Place['kind'], () => Promise<Place>>> = {
  direct: async () => direct(await newDatabase(newName()), SCHEMA),
  sandbox: async () => sandboxed(await newDatabase(newName()), SCHEMA),
};

function newName(): string {
  return `shop_test_${randomUUID().replaceAll('-', '')}`;
}
