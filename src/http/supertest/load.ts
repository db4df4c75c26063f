import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PeerMissingError } from '../../errors.js';
import type { Superagent, Supertest, SupertestCopy } from './shape.js';

let loaded: SupertestCopy | undefined;

/**
 * The supertest of the user's project: the one found from the working directory, or else from where
 * Lockstep is installed.
 *
 * @throws PeerMissingError when neither place has it.
 */
export function loadSupertest(): SupertestCopy {
  return (loaded ??= findSupertest());
}

function findSupertest(): SupertestCopy {
  const project = createRequire(join(process.cwd(), 'package.json'));
  const own = createRequire(import.meta.url);

  const path = resolveFrom(project) ?? resolveFrom(own);
  if (path === undefined) {
    throw new PeerMissingError({
      what: `lockstep/supertest needs the package "supertest", which is not installed for ${process.cwd()}.`,
      why: 'It runs your own, unmodified copy of supertest (6 or 7) and brings none with it.',
      remedy: 'Run `npm install --save-dev supertest`.',
    });
  }

  return copyAt(path);
}

/** The copy whose main module is at that path. */
export function copyAt(path: string): SupertestCopy {
  const require = createRequire(path);

  return { supertest: require(path) as Supertest, superagent: require('superagent') as Superagent };
}

function resolveFrom(place: NodeJS.Require): string | undefined {
  try {
    return place.resolve('supertest');
  } catch {
    return undefined;
  }
}
