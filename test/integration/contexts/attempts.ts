import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixture, runMocha, type MochaRun } from '../run-mocha.js';
import { table, type Expectation } from './table.js';

/** What the fixture found, place by place. Several different outcomes of one call are joined by a comma. */
export type Found = Record<string, Record<keyof Expectation, string>>;

const PLUGINS = ['./early-hooks.mjs', 'lockstep/mocha', './root-hooks.mjs'];
const FILES = ['module.mjs', 'common.cjs'];

/** Runs the fixture that calls from everywhere. */
export async function attempts(
  args: readonly string[] = [],
  mocha?: 'mocha10' | 'mocha11',
): Promise<{ run: MochaRun; found: Found }> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-contexts-'));
  const file = join(folder, 'outcomes');

  try {
    const run = await runMocha(fixture('contexts'), FILES, {
      // A worker or a child that starts on a busy machine takes longer than mocha's two seconds.
      args: [...PLUGINS.flatMap((plugin) => ['--require', plugin]), '--timeout', '20000', ...args],
      env: { LOCKSTEP_OUTCOMES: file },
      limit: 60_000,
      ...(mocha && { mocha }),
    });
    return { run, found: collect(readFileSync(file, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function collect(lines: string): Found {
  const outcomes: Record<string, Record<string, Set<string>>> = {};

  for (const line of lines.trim().split('\n')) {
    const { place, call, outcome } = JSON.parse(line) as { place: string; call: string; outcome: string };
    ((outcomes[place] ??= {})[call] ??= new Set()).add(outcome);
  }
  return Object.fromEntries(
    Object.entries(outcomes).map(([place, calls]) => {
      const joined = Object.entries(calls).map(([call, set]) => [call, [...set].join(', ')]);
      return [place, Object.fromEntries(joined) as Found[string]];
    }),
  );
}

/** The table without its sections. */
export function expected(exceptions: Readonly<Record<string, Expectation>> = {}): Record<string, Expectation> {
  return { ...Object.fromEntries(table.flatMap(({ places }) => Object.entries(places))), ...exceptions };
}
