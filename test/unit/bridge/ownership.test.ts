import { expect } from 'chai';
import { namesOf } from '#src/bridge/hands-on.js';
import { currentOwner, endedOwner, runAs, runAsNobody, type Owner } from '#src/bridge/index.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ended: Owner = { title: 'ended', ended: true, advice: undefined };
const living: Owner = { title: 'living', ended: false, advice: undefined };

describe('whose work code is', () => {
  it('goes along with what comes of it', async () => {
    const later = runAs(ended, async () => {
      await turn();
      return endedOwner();
    });
    expect(endedOwner()).to.equal(undefined);
    expect(await later).to.equal(ended);
  });

  it('is nobody late while the scope goes on', () => {
    expect(runAs(living, endedOwner)).to.equal(undefined);
    expect(runAs(living, currentOwner)).to.equal(living);
  });

  it('is nobody where it was said to be', () => {
    expect(runAs(ended, () => runAsNobody(endedOwner))).to.equal(undefined);
    expect(runAsNobody(endedOwner)).to.equal(undefined);
  });

  it('is not certain below whoever hands a connection on', () => {
    const pool = { _release: (serve: () => unknown): unknown => serve() };
    expect(runAs(ended, () => pool._release(endedOwner))).to.equal(undefined);
    expect(runAs(ended, () => [0].map(endedOwner))).to.deep.equal([ended]);
  });

  it('reads the names of functions from a stack', () => {
    const stack = [
      'Error: a (b)',
      '    at release (file:///a.js:1:2)',
      '    at new Pool (/a.js:1:2)',
      '    at async Service.createUser (/a.js:1:2)',
      '    at Pool.<anonymous> (/a.js:1:2)',
      '    at Object.add [as query] (/a.js:1:2)',
      '    at /a.js:1:2',
    ].join('\n');
    expect(namesOf(stack)).to.deep.equal(['release', 'Pool', 'createUser', '<anonymous>', 'query']);
  });
});
