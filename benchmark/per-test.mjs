// What the sandbox costs per test, beside the same statements on better-sqlite3 itself.
import Database from 'better-sqlite3';
import { blockedHost } from '#src/engine/index.js';
import { sqlite } from '#src/engine/sqlite/index.js';
import { inTurns, report, timeSync } from './measure.mjs';

const SCHEMA = 'create table notes (id integer primary key, title text not null unique)';
const INSERT = 'insert into notes (title) values (?)';
const TIMES = 3000;

const engine = await sqlite.load({
  file: ':memory:',
  env: [],
  swap: [],
  foreignKeys: true,
  allowAnyDatabase: false,
  stallTimeout: 500,
  holdTimeout: 10_000,
  root: process.cwd(),
});
const sandbox = await engine.open(blockedHost);
const direct = new Database(':memory:');
const scope = { kind: 'test', title: 'a test' };

sandbox.session.script(SCHEMA);
direct.exec(SCHEMA);
const [begin, rollback, insert, read] = ['begin', 'rollback', INSERT, 'select 1'].map((sql) => direct.prepare(sql));

function ours(work) {
  return () =>
    timeSync(() => {
      sandbox.begin(scope);
      work();
      sandbox.end();
    }, TIMES);
}

function peer(work) {
  return () =>
    timeSync(() => {
      begin.run();
      work();
      rollback.run();
    }, TIMES);
}

export default async function perTest() {
  const tenOurs = () => {
    for (let i = 0; i < 10; i++) sandbox.session.execute(INSERT, [`title ${i}`]);
  };
  const tenPeer = () => {
    for (let i = 0; i < 10; i++) insert.run(`title ${i}`);
  };
  const [empty, touched, ten, emptyPeer, touchedPeer, tenDirect] = await inTurns([
    ours(() => {}),
    ours(() => sandbox.session.execute('select 1')),
    ours(tenOurs),
    peer(() => {}),
    peer(() => read.get()),
    peer(tenPeer),
  ]);

  report('begin + rollback, no query', empty, emptyPeer, 'BEGIN, ROLLBACK', 'µs', '≤ 10 µs');
  report('begin + rollback, one read', touched, touchedPeer, 'better-sqlite3', 'µs', '≤ 10 µs');
  report('begin + rollback, ten inserts', ten, tenDirect, 'better-sqlite3', 'µs', '≤ 40 µs');
}
