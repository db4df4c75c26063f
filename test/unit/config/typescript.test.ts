import { execFileSync } from 'node:child_process';

import { expect } from 'chai';

import { Folder } from './folder.js';

/** Runs the search in a process of its own, whose loader this process does not have. */
function load(folder: Folder, ...flags: string[]): string {
  const script = `import { findConfig } from ${JSON.stringify(import.meta.resolve('#src/config/index.js'))};
    try { console.log(JSON.stringify((await findConfig()).value)); } catch (error) { console.log(error.name, error.message); }`;
  const args = [...flags, '--input-type=module', '--eval', script];

  return execFileSync(process.execPath, args, {
    cwd: folder.path,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

describe('a config in TypeScript', () => {
  let folder: Folder;

  beforeEach(() => (folder = new Folder({ 'package.json': '{ "type": "module" }' })));
  afterEach(() => folder.remove());

  // An enum needs a real loader: Node's own type stripping refuses it.
  for (const [extension, type] of [
    ['ts', 'module'],
    ['ts', 'commonjs'],
    ['mts', 'commonjs'],
    ['cts', 'module'],
  ] as const) {
    it(`loads as .${extension} in a ${type} package with tsx`, function () {
      this.timeout(20_000);
      folder.write('package.json', JSON.stringify({ type }));
      folder.write(
        `lockstep.config.${extension}`,
        'enum A { x = 1 }\nconst app: number = A.x;\nexport default { app };',
      );
      expect(load(folder, '--import', import.meta.resolve('tsx'))).to.equal('{"app":1}\n');
    });
  }

  it('says what to do where nothing runs it', () => {
    folder.write('lockstep.config.ts', 'enum A { x = 1 }\nexport default { app: A.x };');
    const said = load(folder);
    expect(said).to.match(/^ConfigError .*lockstep\.config\.ts cannot be loaded/);
    expect(said).to.match(/tsx.*before "lockstep\/mocha"[\s\S]*--import tsx[\s\S]*lockstep\.config\.mjs/);
  });
});
