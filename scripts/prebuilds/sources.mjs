// What the binaries in prebuilds/ are made of. Each carries the digest, so that a test can tell a binary
// that was forgotten when the sources changed.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The files of native/ in a fixed order. */
export function sourcesOf(native) {
  return readdirSync(native)
    .filter((name) => /\.(?:c|h|def)$/.test(name))
    .sort();
}

/** A hash of them that is the same wherever git has checked them out. */
export function digestOf(native) {
  const hash = createHash('sha256');

  for (const name of sourcesOf(native)) {
    hash.update(`${name}\n${readFileSync(join(native, name), 'utf8').replaceAll('\r\n', '\n')}`);
  }
  return hash.digest('hex');
}
