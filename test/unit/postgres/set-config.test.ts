import { expect } from 'chai';
import { configured, readConfigCalls } from '#src/engine/postgres/relay/set-config.js';

/** A statement, the values that it is executed with, and what it sets: `local` where that ends with the transaction. */
const STATEMENTS: readonly (readonly [sql: string, values: readonly string[], set: string])[] = [
  ["select set_config('Shop.Tenant', 'acme', false)", [], 'shop.tenant'],
  ["select set_config('shop.tenant', 'acme', true)", [], 'local shop.tenant'],
  ["SELECT pg_catalog.set_config('search_path', '', false);", [], 'search_path'],
  ['select "set_config" ( $1 , $2 , $3 )', ['shop.tenant', 'acme', 'f'], 'shop.tenant'],
  ['select set_config($1::text, $2, $3::boolean)', ['shop.tenant', 'acme', 'true'], 'local shop.tenant'],
  ['select set_config($2, $1, $3)', ['acme', 'shop.tenant', '\0'], 'shop.tenant'],
  ["select set_config('a.b', $1, false), set_config('a.c', f(1, 2), 'off'::bool)", ['1'], 'a.b, a.c'],
  ["select set_config('a.b', (select max(x[1]) from y where z in (1, 2)), false)", [], 'a.b'],
  ["select set_config('it''s', 'x', /* not */ false -- local\n)", [], "it's"],
  ['select set_config(name, value, false) from settings', [], ''],
  ["select set_config('a' || 'b', 'x', false)", [], ''],
  ["select set_config('a.b', 'x', not true)", [], 'local a.b'],
  ["select 'set_config(''a.b'', ''x'', false)'", [], ''],
  ["select set_config('a.b', 'x', false", [], ''],
  ["select set_config('a.b')", [], ''],
  ['select set_config($4, $1, false)', ['x'], ''],
  ['select name as set_config from settings', [], ''],
];

describe('what a statement sets by set_config', () => {
  for (const [sql, values, set] of STATEMENTS)
    it(sql, () => {
      const found = configured(readConfigCalls(sql), (parameter) => values[parameter - 1]);
      expect(found.map(({ name, local }) => `${local ? 'local ' : ''}${name}`).join(', ')).to.equal(set);
    });
});
