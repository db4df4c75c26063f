import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { PREBUILD } from '#src/native/addon.js';

const root = dirname(createRequire(import.meta.url).resolve('lockstep/package.json'));
const { digestOf } = (await import(pathToFileURL(join(root, 'scripts/prebuilds/sources.mjs')).href)) as {
  readonly digestOf: (native: string) => string;
};

/** How the file of each platform begins, and the number of its processor with the place where it stands. */
const FORMATS: Readonly<Record<string, (file: Buffer) => boolean>> = {
  'linux-x64': (file) => isElf(file, 62),
  'linux-arm64': (file) => isElf(file, 183),
  'win32-x64': (file) => isPe(file, 0x8664),
  'win32-arm64': (file) => isPe(file, 0xaa64),
  'darwin-x64': (file) => isMachO(file, 0x01000007),
  'darwin-arm64': (file) => isMachO(file, 0x0100000c),
};

/** Made on a Mac only, by the workflow; see docs/platforms.md. */
const ELSEWHERE = ['darwin-x64', 'darwin-arm64'];

function isElf(file: Buffer, machine: number): boolean {
  return file.toString('latin1', 0, 4) === '\x7fELF' && file.readUInt16LE(18) === machine;
}

function isPe(file: Buffer, machine: number): boolean {
  const header = file.readUInt32LE(0x3c);
  return file.toString('latin1', header, header + 4) === 'PE\0\0' && file.readUInt16LE(header + 4) === machine;
}

function isMachO(file: Buffer, cpu: number): boolean {
  return file.readUInt32LE(0) === 0xfeedfacf && file.readUInt32LE(4) === cpu;
}

describe('prebuilds/', () => {
  const names = readdirSync(join(root, 'prebuilds'));
  const digest = digestOf(join(root, 'native'));

  it('has every platform', () => {
    expect(Object.keys(FORMATS)).to.include.members(names);
    expect(Object.keys(FORMATS).filter((name) => !names.includes(name) && !ELSEWHERE.includes(name))).to.deep.equal([]);
    expect(FORMATS).to.have.property(PREBUILD);
  });

  for (const name of names) {
    it(`${name} is for that platform, made of the sources in native/, and small`, () => {
      const path = join(root, 'prebuilds', name, 'lockstep.node');
      const file = readFileSync(path);

      expect(readdirSync(dirname(path))).to.deep.equal(['lockstep.node']);
      expect(FORMATS[name]?.(file)).to.equal(true);
      expect(file.includes(digest), 'run npm run prebuilds').to.equal(true);
      expect(file.includes(root), 'the path of a machine').to.equal(false);
      expect(statSync(path).size).to.be.lessThan(64_000);
    });
  }
});
