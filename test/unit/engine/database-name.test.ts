import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { canonicalName, inMemory, refuseUnsafe } from '#src/engine/sqlite/database-name.js';
import { UnsafeDatabaseError } from '#src/errors.js';

describe('the name of a database', () => {
  let folder: string;

  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'lockstep-')));
    writeFileSync(join(folder, 'there.db'), '');
    symlinkSync(folder, `${folder}-link`);
  });

  after(() => {
    rmSync(`${folder}-link`);
    rmSync(folder, { recursive: true });
  });

  it('is the same however it is written', () => {
    for (const name of ['there.db', 'to-come.db']) {
      const path = join(folder, name);
      const written = [
        path,
        ` ${path} `,
        relative(process.cwd(), path),
        join(`${folder}-link`, name),
        join(folder, 'x', '..', name),
        pathToFileURL(path).href,
        `file:${path}?mode=ro`,
        `file:${relative(process.cwd(), path)}`,
      ];
      for (const way of written) expect(canonicalName(way), way).to.equal(path);
    }
  });

  it('is :memory: for all that is in memory', () => {
    for (const way of [':memory:', 'file::memory:', 'file::memory:?cache=shared', 'file:name?mode=memory']) {
      expect(canonicalName(way), way).to.equal(':memory:');
    }
  });

  it('in memory with a name of its own is another one', () => {
    const name = 'file:cache?mode=memory&cache=shared';
    for (const way of [name, 'file:cache?cache=shared&mode=memory', `${name}#fragment`]) {
      expect(canonicalName(way), way).to.equal(name);
      expect(inMemory(way), way).to.equal(true);
    }
    expect(canonicalName('file:other?mode=memory&cache=shared')).not.to.equal(name);
    refuseUnsafe(name, false);
  });

  it('must contain "test"', () => {
    expect(() => refuseUnsafe('/data/test/app.db', false)).to.throw(UnsafeDatabaseError, /"\/data\/test\/app\.db"/);
    refuseUnsafe('/data/app-Test.db', false);
    refuseUnsafe('/data/app.db', true);
    refuseUnsafe(':memory:', false);
  });
});
