import { expect } from 'chai';
import { type Circumstances, startsAnew } from '#src/engine/sqlite/memory/starts-anew.js';

/** An app of Sequelize that was opened in scope 1 is opened again in scope 2, with rows of the former there. */
const RESTARTED: Circumstances = {
  opener: { name: 'sequelize', kind: 'library' },
  scope: 2,
  connections: [{ opener: 'sequelize', scope: 1 }],
  opened: true,
  byPath: false,
  used: true,
  prepared: false,
};

const CASES: readonly (readonly [title: string, changes: Partial<Circumstances>, anew: boolean])[] = [
  ['a former start of the same app lives', {}, true],
  ['two of them live', { connections: [1, 0].map((scope) => ({ opener: 'sequelize', scope })) }, true],
  ['all were closed since', { connections: [] }, true],
  ['all were closed since, of a pool', { connections: [], opener: { name: 'knex', kind: 'pool' } }, true],
  [
    'the app opens it itself',
    { opener: { name: '/db.js', kind: 'app' }, connections: [{ opener: '/db.js', scope: 0 }] },
    true,
  ],

  ['it is the first open', { opened: false, connections: [] }, false],
  ['before the first scope', { scope: undefined }, false],
  ['in the same scope', { scope: 1 }, false],
  ['one of them is of this scope', { connections: [1, 2].map((scope) => ({ opener: 'sequelize', scope })) }, false],
  ['a pool grows', { opener: { name: 'knex', kind: 'pool' }, connections: [{ opener: 'knex', scope: 1 }] }, false],
  ['another part of the app is connected', { connections: [{ opener: 'typeorm', scope: 1 }] }, false],
  ['another part of the app is connected by the path', { connections: [{ opener: undefined, scope: 1 }] }, false],
  ['the app has a path', { byPath: true }, false],
  ['nothing is left of the former', { used: false }, false],
  ['nothing is left of the former, which is closed', { used: false, connections: [] }, false],
  ['the session has put rows there', { prepared: true }, false],
  ['the session has put rows there, all are closed', { prepared: true, connections: [] }, false],
];

describe('an app that opens :memory: again', () => {
  for (const [title, changes, anew] of CASES) {
    it(`${anew ? 'begins with a database of its own' : 'comes to the same one'}: ${title}`, () =>
      expect(startsAnew({ ...RESTARTED, ...changes })).to.equal(anew));
  }
});
