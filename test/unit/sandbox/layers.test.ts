import Database from 'better-sqlite3';
import { expect } from 'chai';
import fc from 'fast-check';
import { Layers } from '#src/sandbox/layers.js';
import type { ScopeName } from '#src/sandbox/vocabulary.js';

const layer = (title: string): ScopeName => ({ kind: 'layer', title });
const test = (title: string): ScopeName => ({ kind: 'test', title });

describe('layers', () => {
  it('send nothing for a scope that nobody uses', () => {
    const layers = new Layers();
    expect(layers.touch()).to.deep.equal([]);

    layers.begin(layer('outer'));
    layers.begin(test('outer works'));
    expect(layers.current).to.deep.equal(test('outer works'));
    expect(layers.end()).to.deep.equal({ scope: test('outer works'), send: [] });
    expect(layers.lastEnded).to.equal('outer works');
    expect(layers.real).to.equal(false);
  });

  it('make real only the innermost scope, once', () => {
    const layers = new Layers();
    layers.begin(layer('outer'));
    layers.begin(test('one'));
    expect(layers.touch()).to.deep.equal(['BEGIN']);
    expect(layers.touch()).to.deep.equal([]);
    expect(layers.end().send).to.deep.equal(['ROLLBACK']);

    expect(layers.touch(), 'the outer one, later').to.deep.equal(['BEGIN']);
    layers.begin(test('two'));
    expect(layers.touch()).to.deep.equal(['SAVEPOINT lockstep_layer_2']);
    expect(layers.end().send).to.deep.equal([
      'ROLLBACK TO SAVEPOINT lockstep_layer_2',
      'RELEASE SAVEPOINT lockstep_layer_2',
    ]);
    expect(layers.touch()).to.deep.equal([]);
    expect(layers.end().send).to.deep.equal(['ROLLBACK']);
    expect(layers.touch()).to.deep.equal([]);
  });

  it('start anew when the outer transaction is lost', () => {
    const layers = new Layers();
    layers.begin(layer('outer'));
    layers.touch();
    layers.begin(test('one'));
    layers.touch();

    expect(layers.lost()).to.deep.equal([layer('outer'), test('one')]);
    expect(layers.real).to.equal(false);
    expect(layers.touch()).to.deep.equal(['BEGIN']);
    expect(layers.end().send).to.deep.equal(['ROLLBACK']);
    expect(layers.end().send).to.deep.equal([]);
    expect(() => layers.end()).to.throw('without begin');
  });

  it('undo exactly the work of the scope that ends (real SQLite)', () => {
    const database = new Database(':memory:');
    database.exec('create table work (id)');
    const count = database.prepare('select count(*) from work').pluck();
    const insert = database.prepare('insert into work values (1)');
    const action = fc.constantFrom('begin', 'end', 'work', 'work', 'lose');

    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const layers = new Layers();
        // The model: how much work each open scope has done.
        let done: number[] = [];

        for (const next of actions) {
          if (next === 'begin') {
            layers.begin(layer('scope'));
            done.push(0);
          } else if (next === 'end' && done.length > 0) {
            for (const sql of layers.end().send) database.exec(sql);
            done.pop();
          } else if (next === 'work' && done.length > 0) {
            for (const sql of layers.touch()) database.exec(sql);
            insert.run();
            done.push((done.pop() ?? 0) + 1);
          } else if (next === 'lose' && layers.real) {
            database.exec('ROLLBACK');
            layers.lost();
            done = done.map(() => 0);
          }
          expect(count.get()).to.equal(done.reduce((sum, work) => sum + work, 0));
          expect(layers.real).to.equal(database.inTransaction);
        }

        while (done.pop() !== undefined) for (const sql of layers.end().send) database.exec(sql);
        expect(count.get()).to.equal(0);
      }),
      { numRuns: 150 },
    );
    database.close();
  });
});
