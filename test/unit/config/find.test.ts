import { expect } from 'chai';

import { findConfig, loadConfig } from '#src/config/index.js';
import { ConfigError } from '#src/errors.js';

import { Folder, rejection } from './folder.js';

describe('findConfig', () => {
  let folder: Folder;
  const find = (from = '', env: Record<string, string> = {}): ReturnType<typeof findConfig> =>
    findConfig({ from: `${folder.path}/${from}`, env });

  beforeEach(() => (folder = new Folder({ 'deep/er/keep': '' })));
  afterEach(() => folder.remove());

  const kinds: [string, string][] = [
    ['lockstep.config.mjs', 'export default { app: 1 }'],
    ['lockstep.config.cjs', 'module.exports = { app: 1 }'],
    ['lockstep.config.js', 'module.exports = { app: 1 }'],
    ['lockstep.config.json', '\uFEFF{ "app": 1 }'],
    [
      'lockstep.config.cjs',
      'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = { app: 1 }',
    ],
  ];
  for (const [name, content] of kinds) {
    it(`loads ${name}: ${content.slice(0, 40)}`, async () => {
      const path = folder.write(name, content);
      expect(await find()).to.deep.equal({ path, value: { app: 1 } });
    });
  }

  it('calls a function, async too', async () => {
    folder.write('lockstep.config.mjs', 'export default async () => ({ app: 2 })');
    expect((await find()).value).to.deep.equal({ app: 2 });
  });

  it('searches upwards, the nearest first', async () => {
    folder.write('lockstep.config.mjs', 'export default { app: "top" }');
    expect((await find('deep/er')).value).to.deep.equal({ app: 'top' });
    folder.write('deep/lockstep.config.json', '{ "app": "deep" }');
    expect((await find('deep/er')).value).to.deep.equal({ app: 'deep' });
  });

  it('LOCKSTEP_CONFIG names another file', async () => {
    folder.write('lockstep.config.mjs', 'export default { app: "usual" }');
    const path = folder.write('other.mjs', 'export default { app: "other" }');
    expect(await find('', { LOCKSTEP_CONFIG: 'other.mjs' })).to.deep.equal({ path, value: { app: 'other' } });
  });

  it('the config’s own errors arrive unchanged', async () => {
    folder.write('lockstep.config.mjs', 'throw new RangeError("mine")');
    expect(await rejection(find()))
      .to.be.instanceOf(RangeError)
      .with.property('message', 'mine');
  });

  it('names a wrong value by its key and file', async () => {
    const path = folder.write('lockstep.config.mjs', 'export default { bridge: { timeout: "1s" } }');
    const error = await rejection(loadConfig({ from: folder.path, env: {} }));
    expect(error).to.be.instanceOf(ConfigError);
    expect(error.message).to.contain(`bridge.timeout in ${path} is '1s'.`);
  });

  const refused: [string, Record<string, string>, Record<string, string>, RegExp][] = [
    ['no config', {}, {}, /Looked for lockstep\.config\.\{ts,.*json\} in [\s\S]*, \/[\s\S]*export default \{/],
    ['an empty module', { 'lockstep.config.mjs': '// later' }, {}, /lockstep\.config\.mjs exports nothing/],
    ['an empty file', { 'lockstep.config.mjs': '' }, {}, /exports nothing/],
    ['an empty JSON file', { 'lockstep.config.json': '' }, {}, /lockstep\.config\.json exports nothing[\s\S]*empty/],
    ['a function that returns nothing', { 'lockstep.config.mjs': 'export default () => {}' }, {}, /exports nothing/],
    [
      'an undefined default',
      { 'lockstep.config.mjs': 'export default undefined' },
      {},
      /exports undefined as its default/,
    ],
    [
      'no default export',
      { 'lockstep.config.mjs': 'export const config = {}' },
      {},
      /no default export; it exports config/,
    ],
    ['wrong JSON', { 'lockstep.config.json': '{ app: 1 }' }, {}, /lockstep\.config\.json is not valid JSON/],
    [
      'a named file that is not there',
      { 'a.mjs': '' },
      { LOCKSTEP_CONFIG: 'b.mjs' },
      /LOCKSTEP_CONFIG is 'b\.mjs'[\s\S]*Did you mean '\.\/a\.mjs'\?/,
    ],
    ['a named file of unknown kind', { 'a.yml': '' }, { LOCKSTEP_CONFIG: 'a.yml' }, /kind of file is unknown/],
  ];
  for (const [name, files, env, message] of refused) {
    it(`refuses ${name}`, async () => {
      for (const [file, content] of Object.entries(files)) folder.write(file, content);
      const error = await rejection(find('', env));
      expect(error).to.be.instanceOf(ConfigError);
      expect(error.message).to.match(message);
    });
  }
});
