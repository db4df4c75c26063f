import { expect } from 'chai';

import { loadApp, validateConfig } from '#src/config/index.js';
import { AppError } from '#src/errors.js';

import { Folder, rejection } from './folder.js';

describe('loadApp', () => {
  let folder: Folder;
  const load = (app: unknown): unknown => loadApp(validateConfig({ app }, `${folder.path}/lockstep.config.mjs`));
  const named = async (app: unknown): Promise<unknown> => ((await load(app)) as { name: unknown }).name;

  before(() => {
    folder = new Folder({
      'default.mjs': 'export default function main() {}',
      'named.mjs': 'export function app() {} export function admin() {}',
      'module.cjs': 'module.exports = function main() {}',
      'exports.cjs': 'exports.app = function app() {}',
      'compiled.cjs':
        'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = function main() {}',
      'handler.mjs': 'export default { name: "worker", fetch() {} }',
      'nothing.mjs': '',
      'nothing.cjs': '',
      'other.mjs': 'export const server = {}, helper = {};',
      'throws.mjs': 'throw new RangeError("mine")',
      'app.mts': 'enum A { x } export default A',
    });
  });
  after(() => folder.remove());

  const found: [string, string][] = [
    ['default.mjs', 'main'],
    ['named.mjs', 'app'],
    ['named.mjs#admin', 'admin'],
    ['module.cjs', 'main'],
    ['exports.cjs', 'app'],
    ['exports.cjs#app', 'app'],
    ['compiled.cjs', 'main'],
    ['handler.mjs', 'worker'],
  ];
  for (const [path, name] of found) {
    it(`finds the app of ${path}`, async () => expect(await named(path)).to.equal(name));
  }

  it('gives back what was given, uncalled', () => {
    let called = false;
    const factory = (): void => void (called = true);
    expect(load(factory)).to.equal(factory);
    expect(called).to.equal(false);
  });

  it('the app’s own errors arrive unchanged', async () => {
    expect(await rejection(load('throws.mjs') as Promise<unknown>)).to.be.instanceOf(RangeError);
  });

  it('refuses a config without an app', () => {
    expect(() => load(undefined)).to.throw(AppError, /names no app[\s\S]*Add app: /);
  });

  const refused: [string, RegExp][] = [
    ['nothing.mjs', /neither a default export nor one named app\.[\s\S]*It exports nothing[\s\S]*export default app/],
    ['nothing.cjs', /It exports nothing/],
    ['other.mjs', /It exports helper, server\.[\s\S]*name its export: '\.\/other\.mjs#helper'/],
    [
      'named.mjs#adnim',
      /wants 'adnim' of .*named\.mjs[\s\S]*It exports admin, app\.[\s\S]*Did you mean '\.\/named\.mjs#admin'\?/,
    ],
    ['default.mjs#zzzzzz', /It exports default/],
    ['app.mts', /cannot be loaded[\s\S]*tsx[\s\S]*write \.\/app\.mjs instead/],
  ];
  for (const [path, message] of refused) {
    it(`refuses ${path}`, async () => {
      const error = await rejection(load(path) as Promise<unknown>);
      expect(error).to.be.instanceOf(AppError);
      expect(error.message).to.match(message);
    });
  }
});
