import { expect } from 'chai';
import type { OpenWork } from '#src/engine/index.js';
import { IdleWork } from '#src/runner/idle-work.js';

const work = (connection: string, lastSql: string, idle: boolean): OpenWork => ({
  kind: 'transaction',
  connection,
  lastSql,
  idle,
});

describe('transactions at the end of a test', () => {
  it('are stuck when they have been idle behind the same statement for the limit', () => {
    const idle = new IdleWork(50);
    idle.look([work('a', 'begin', true)], 0);
    idle.look([work('a', 'begin', true)], 49);
    expect(idle.stuck).to.equal(false);
    idle.look([work('a', 'begin', true)], 50);
    expect(idle.stuck).to.equal(true);
  });

  it('go on as long as they send statements, whatever else is stuck or not', () => {
    const idle = new IdleWork(50);
    idle.look([work('a', 'begin', true)], 0);
    idle.look([work('a', 'insert', false)], 40);
    idle.look([work('a', 'insert', true)], 60);
    idle.look([work('a', 'commit', true), work('b', 'begin', true)], 100);
    expect(idle.stuck).to.equal(false);
    idle.look([work('b', 'begin', true)], 150);
    expect(idle.stuck).to.equal(true);
    idle.look([], 151);
    expect(idle.stuck).to.equal(false);
  });
});
