// What a session on Postgres costs, beside the same through libpq alone. Both go to the server itself;
// the relay is measured with the relay.
import { createSession } from '#src/session/index.js';
import { loadNative } from '#src/engine/postgres/session/native.js';
import { openEngine, startServer } from '../.build/test/integration/postgres/session/server.js';
import { inTurns, report, timeSync } from './measure.mjs';

const TIMES = 2000;

/** What is measured: SQL, values, and how often. */
const WORK = [
  ['select 1', 'select 1 as one', undefined, TIMES],
  ['select by key', 'select * from t where id = $1', [7], TIMES],
  ['10,000 rows', 'select * from t', undefined, 10],
];
const TABLE = `create temp table t as select n as id, 'row ' || n as name from generate_series(1, 10000) n;
  alter table t add primary key (id); analyze t`;

export default async function postgresSession() {
  const parameters = await startServer();
  const libpq = new (loadNative(process.cwd()))();
  libpq.connectSync(`host=${parameters.host} user=${parameters.user} dbname=${parameters.database}`);
  libpq.pq.exec(TABLE);

  const connections = ['pg-native', 'builtin'].map((engine) => openEngine(engine, parameters));
  for (const connection of connections) connection.script(TABLE);
  const [native, builtin] = connections.map(createSession);

  for (const [what, sql, values, times] of WORK) {
    const [byNative, byBuiltin, direct] = await inTurns([
      () => timeSync(() => native.all(sql, values), times),
      () => timeSync(() => builtin.all(sql, values), times),
      () => timeSync(() => readByLibpq(libpq.pq, sql, values), times),
    ]);
    report(`session by pg-native: ${what}`, byNative, direct, 'libpq', 'µs');
    report(`session built in: ${what}`, byBuiltin, direct, 'libpq', 'µs');
  }

  for (const connection of connections) connection.close();
  libpq.pq.finish();
}

/** The least that gets at the values: no objects, no types. */
function readByLibpq(pq, sql, values) {
  if (values === undefined) pq.exec(sql);
  else pq.execParams(sql, values);

  const [rows, columns] = [pq.ntuples(), pq.nfields()];
  for (let row = 0; row < rows; row += 1) for (let column = 0; column < columns; column += 1) pq.getvalue(row, column);
}
