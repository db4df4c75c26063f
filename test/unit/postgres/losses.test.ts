import { expect } from 'chai';
import { Losses } from '#src/engine/postgres/relay/hub/losses.js';
import { Noticeboard } from '#src/engine/postgres/relay/hub/noticeboard.js';
import { Loss, newWords, Word } from '#src/engine/postgres/shared.js';

describe('losses', () => {
  const [layer, one, two] = (['layer', 'test', 'test'] as const).map((kind, n) => ({ kind, title: `${kind} ${n}` }));
  const error = new Error('lost');
  let words: Int32Array;
  let losses: Losses;

  beforeEach(() => {
    words = newWords();
    losses = new Losses(new Noticeboard(words));
  });
  const word = (): keyof typeof Loss | undefined =>
    (Object.keys(Loss) as (keyof typeof Loss)[]).find((name) => Loss[name] === words[Word.lost]);

  it('during a scope are told at its end, once', () => {
    losses.add(error, [one!], true);
    losses.add(new Error('a second one'), [], true);
    expect(word()).to.equal('now');
    losses.ended(one!);
    expect(word()).to.equal('past');
    expect(losses.take()).to.equal(error);
    expect([word(), losses.take()]).to.deep.equal(['none', undefined]);
  });

  it('of a scope that has ended are told to nobody else', () => {
    for (const next of [() => losses.begun(), () => losses.takeOpen(), () => losses.ended(layer!)]) {
      losses.add(error, [one!], true);
      losses.ended(one!);
      next();
      expect([word(), losses.take()]).to.deep.equal(['none', undefined]);
    }
  });

  it('of fixtures are kept for those who build on them', () => {
    losses.add(error, [layer!], true);
    losses.ended(one!);
    expect(word()).to.equal('before');
    losses.begun();
    losses.ended(two!);
    expect(word()).to.equal('before');
    expect(losses.takeOpen()).to.equal(error);
    expect(word()).to.equal('none');
  });

  it('of fixtures end with them', () => {
    losses.add(error, [layer!], false);
    expect(word()).to.equal('before');
    losses.ended(layer!);
    expect([word(), losses.take()]).to.deep.equal(['none', undefined]);
  });

  it('that nobody has heard of at the begin of a test are older than that', () => {
    losses.add(error, [layer!], true);
    losses.begun();
    expect(word()).to.equal('before');
    losses.ended(one!);
    expect(losses.take()).to.equal(error);
  });
});
