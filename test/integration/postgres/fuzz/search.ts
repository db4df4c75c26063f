import { expect } from 'chai';
import { inLongRun } from '../../long-run.js';
import type { Answers } from './side.js';

/** How many cases are run of all kinds. */
const CASES = Number(process.env['LOCKSTEP_FUZZ'] ?? inLongRun([300], [1000]).at(-1));
/** Which kind all of them are; none if there are to be both. */
const ALL = process.env['LOCKSTEP_FUZZ_ALL'] ?? '';
/** One in so many is of clients that all send at the same time. */
const LANES = ALL === '' ? Math.floor(CASES / 8) : CASES;
/** How many of each kind are run. */
export const COUNT = { lanes: LANES, scripts: ALL === '' ? CASES - LANES : CASES } as const;
const SEED = Number(process.env['LOCKSTEP_FUZZ_SEED'] ?? 1);
/** How many different cases are looked for before the run ends. */
const WANTED = Number(process.env['LOCKSTEP_FUZZ_WANTED'] ?? 1);
const WATCHED = process.env['LOCKSTEP_FUZZ_WATCHED'] === '1';

/** What both sides tell: real connections, and the sandbox. */
export type Both = readonly [real: Answers, emulated: Answers];

/** A kind of cases. */
export interface Kind<Case> {
  readonly cases: number;
  make(seed: number): Case;
  /** Fails if a server ends a connection. */
  perform(one: Case): Promise<Both>;
  /** Connects all clients anew. */
  open(): Promise<unknown>;
  /** Cases that lack something of it. */
  smallerOnes(one: Case): Iterable<Case>;
  describe(one: Case): string;
}

/** Fails with the cases that both sides do not tell the same of, each in its smallest form. */
export async function search<Case>(kind: Kind<Case>): Promise<void> {
  const differing: string[] = [];
  let broken = 0;
  for (let seed = SEED; seed < SEED + kind.cases && differing.length < WANTED; seed += 1) {
    if (WATCHED && seed > SEED && (seed - SEED) % 1000 === 0) console.error(summary(seed - SEED, broken, differing));
    const one = kind.make(seed);
    const answers = await kind.perform(one).catch(() => undefined);
    if (answers === undefined) {
      // A server ends the connection of whoever breaks off a COPY by another message.
      broken += 1;
      await kind.open();
      continue;
    }
    const first = difference(answers);
    if (first === undefined) continue;

    const smallest = await shrink(kind, one);
    await kind.open();
    const found = difference(await kind.perform(smallest)) ?? `not again; at first\n${first}`;
    await kind.open();
    differing.push(`seed ${seed} ${kind.describe(smallest)}\n${found}\n`);
    if (WATCHED) console.error(differing.at(-1));
  }
  if (WATCHED) console.error(summary(kind.cases, broken, differing));
  expect(broken).to.be.at.most(1 + kind.cases / 100);
  if (differing.length > 0) throw new Error(differing.join('\n'));
}

function summary(cases: number, broken: number, differing: readonly string[]): string {
  return `${cases} cases from seed ${SEED} on: ${differing.length} differ, ${broken} were broken off by the server`;
}

/** The first answer that differs. */
function difference([real, emulated]: Both): string | undefined {
  for (let index = 0; index < Math.max(real.length, emulated.length); index += 1) {
    const [wanted, given] = [JSON.stringify(real[index]), JSON.stringify(emulated[index])];
    if (wanted !== given) return `a server: ${wanted}\nsandbox:  ${given}`;
  }
  return undefined;
}

/** The smallest case found that still fails. Every step of it is tried out. */
async function shrink<Case>(kind: Kind<Case>, one: Case): Promise<Case> {
  const fails = async (smaller: Case): Promise<boolean> => {
    await kind.open();
    // What a server ends the connection for is no case.
    return kind.perform(smaller).then(
      (answers) => difference(answers) !== undefined,
      () => false,
    );
  };
  let smallest = one;

  for (let changed = true; changed;) {
    changed = false;
    for (const smaller of kind.smallerOnes(smallest)) {
      if (!(await fails(smaller))) continue;
      smallest = smaller;
      changed = true;
      break;
    }
  }
  return smallest;
}
