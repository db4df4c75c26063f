import { expect } from 'chai';
import {
  BRINGING_RESTARTED,
  KEEPING_RESTARTED,
  mayRestart,
  rememberingValues,
} from '#src/engine/postgres/relay/sequence-values.js';
import { client } from './messages.js';
import { Scene } from './scene.js';

const READ = client.query('select 1');

/** The statements of each packet that the server has got, shortened; blocks by what they do. */
function statements(scene: Scene): string[][] {
  return scene.sent().map((packet) =>
    packet.flatMap((message) => {
      const named = BLOCKS.reduce((text, [block, name]) => text.replace(block, name), message.replace(/^Q /, ''));
      return named.split(';').map((sql) => sql.slice(0, 30));
    }),
  );
}

const BLOCKS = [
  [KEEPING_RESTARTED, 'DO keep'],
  [BRINGING_RESTARTED, 'DO bring'],
  [rememberingValues(1), 'DO remember'],
  [rememberingValues(2), 'DO remember'],
] as const;

/** What a scope that has run one statement sends at its end. */
function ending(scene: Scene, sql: string, kind: 'test' | 'layer' = 'test'): string[] {
  scene.begin('a scope', kind);
  scene.enter().send(client.query(sql));
  scene.sent();
  scene.end();
  return statements(scene).flat();
}

describe('what identities cost', () => {
  it('is nothing while they are kept and nothing restarts them', () => {
    const scene = new Scene();
    expect(ending(scene, 'select 1')).to.deep.equal(['ROLLBACK']);
    expect(ending(scene, 'insert into restarts (identity) values (1)')).to.deep.equal(['ROLLBACK']);
  });

  it('is one statement before the rollback and one behind it in a scope that restarts them, in one packet', () => {
    const scene = new Scene();
    scene.begin();
    const app = scene.enter();
    app.send(client.query('truncate items restart identity'));
    scene.sent();
    scene.end();
    const packets = statements(scene);
    expect(packets).to.have.lengthOf(1);
    expect(packets[0]).to.deep.equal([
      'RELEASE SAVEPOINT lockstep_gua',
      'DO keep',
      'ROLLBACK',
      'BEGIN READ WRITE',
      'DO bring',
      'ROLLBACK',
    ]);
    expect(ending(scene, 'select 1')).to.deep.equal(['ROLLBACK']);
  });

  it('is, where each test restarts them, one more statement in the packet that ends it', () => {
    const scene = new Scene({ identities: 'restart' });
    const first = ending(scene, 'select 1');
    expect(first).to.deep.equal(['ROLLBACK', 'BEGIN READ WRITE', 'EXECUTE lockstep_identities_1', 'ROLLBACK']);
    // What they are is asked once.
    scene.begin();
    scene.enter().send(READ);
    expect(statements(scene).flat().join(';')).not.to.contain('remember');
    scene.end();
    scene.sent();
  });

  it('is one statement for the tests of a layer, until its hooks do something again', () => {
    const scene = new Scene({ identities: 'restart' });
    const app = scene.enter();
    const test = (): string => {
      scene.begin();
      app.send(READ);
      const begun = statements(scene).flat().join(';');
      scene.end();
      expect(statements(scene).flat()).to.deep.equal([
        'ROLLBACK TO SAVEPOINT lockstep',
        'RELEASE SAVEPOINT lockstep_lay',
        'SAVEPOINT lockstep_settings',
        'EXECUTE lockstep_identities_2',
        'ROLLBACK TO SAVEPOINT lockstep',
        'RELEASE SAVEPOINT lockstep_set',
      ]);
      return begun;
    };
    scene.begin('a layer', 'layer');
    app.send(READ);
    scene.sent();
    expect(test()).to.contain('DO remember');
    expect(test()).not.to.contain('DO remember');
    scene.hub.scopes.resume();
    app.send(READ);
    scene.sent();
    expect(test()).to.contain('DO remember');
    expect(test()).not.to.contain('DO remember');
  });

  it('is nothing for a test without the database', () => {
    const scene = new Scene({ identities: 'restart' });
    scene.begin();
    scene.end();
    expect(scene.sent()).to.deep.equal([]);
  });
});

describe('whether a statement may restart a sequence', () => {
  for (const sql of [
    'truncate "a" restart identity',
    '/* x */ TRUNCATE a,b\nRESTART\nIDENTITY CASCADE',
    'alter sequence a_id_seq restart with 1',
    'ALTER TABLE a ALTER COLUMN id RESTART',
    'create table a (id serial)',
    'create table a (id bigserial)',
    'CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY)',
    'create sequence a',
    "do $$ begin execute 'truncate a restart identity'; end $$",
  ])
    it(`is so: ${sql}`, () => expect(mayRestart(sql)).to.equal(true));

  for (const sql of [
    'truncate a',
    'select restart from a',
    'insert into sequence values (1)',
    'create table a (id int)',
  ])
    it(`is not so: ${sql}`, () => expect(mayRestart(sql)).to.equal(false));
});
