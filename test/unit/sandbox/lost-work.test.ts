import { expect } from 'chai';
import { type Loss, LostWork } from '#src/sandbox/lost-work.js';

describe('lost work', () => {
  const [layer, one, two] = (['layer', 'test', 'test'] as const).map((kind, n) => ({ kind, title: `${kind} ${n}` }));
  const error = new Error('lost');
  let told: Loss;
  let lost: LostWork;

  beforeEach(() => {
    told = 'none';
    lost = new LostWork((loss) => (told = loss));
  });

  it('during a scope is told at its end, once', () => {
    lost.add(error, [one!], true);
    lost.add(new Error('a second one'), [], true);
    expect(told).to.equal('now');
    lost.ended(one!);
    expect(told).to.equal('past');
    expect(lost.take()).to.equal(error);
    expect([told, lost.take()]).to.deep.equal(['none', undefined]);
  });

  it('of a scope that has ended is told to nobody else', () => {
    for (const next of [() => lost.begun(), () => lost.takeOpen(), () => lost.ended(layer!)]) {
      lost.add(error, [one!], true);
      lost.ended(one!);
      next();
      expect([told, lost.take()]).to.deep.equal(['none', undefined]);
    }
  });

  it('of fixtures is kept for what builds on it', () => {
    lost.add(error, [layer!], true);
    lost.ended(one!);
    expect(told).to.equal('before');
    lost.begun();
    lost.ended(two!);
    expect(told).to.equal('before');
    expect(lost.takeOpen()).to.equal(error);
    expect(told).to.equal('none');
  });

  it('of fixtures ends with them', () => {
    lost.add(error, [layer!], false);
    expect(told).to.equal('before');
    lost.ended(layer!);
    expect([told, lost.take()]).to.deep.equal(['none', undefined]);
  });

  it('that was not reported by the begin of a test is older than that', () => {
    lost.add(error, [layer!], true);
    lost.begun();
    expect(told).to.equal('before');
    lost.ended(one!);
    expect(lost.take()).to.equal(error);
  });
});
