import { expect } from 'chai';
import type pg from 'pg';
import { connected, inTest, useSandbox } from '../sandbox.js';
import { newDatabase } from '../server.js';
import { scriptOf } from './generate.js';
import { randomOf } from './random.js';
import { describeScript, type Script } from './script.js';
import { shrink } from './shrink.js';
import { type Answers, Side } from './side.js';
import { changesSchema, SCHEMA } from './statements.js';

const CASES = Number(process.env['LOCKSTEP_FUZZ'] ?? 2000);
const SEED = Number(process.env['LOCKSTEP_FUZZ_SEED'] ?? 1);
/** How many different cases are looked for before the run ends. */
const WANTED = Number(process.env['LOCKSTEP_FUZZ_WANTED'] ?? 1);
const WATCHED = process.env['LOCKSTEP_FUZZ_WATCHED'] === '1';

describe('postgres: random scripts of several clients', function () {
  this.timeout(Math.max(120_000, CASES * 100));
  const at = useSandbox('fuzz_test', SCHEMA);
  let cleaner: pg.Client;
  let direct: Side;
  let sandboxed: Side;

  before(async () => {
    const config = await newDatabase('fuzz_direct');
    cleaner = await connected(config);
    await cleaner.query(SCHEMA);
    direct = new Side(config.host ?? '', 'fuzz_direct', false);
    sandboxed = new Side(new URL(at().url).searchParams.get('host') ?? '', 'fuzz_test', true);
  });
  beforeEach(() => Promise.all([direct.open(), sandboxed.open()]));
  after(async () => {
    direct.close();
    sandboxed.close();
    await cleaner.end();
  });

  /** What both sides tell. */
  const both = async (script: Script): Promise<[Answers, Answers]> => {
    const schema = changesSchema(describeScript(script));
    try {
      return await Promise.all([
        direct.perform(script),
        inTest(at(), () => sandboxed.perform(script)).catch((error: unknown): Answers => [['failed', String(error)]]),
      ]);
    } finally {
      await cleaner.query(schema ? `DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${SCHEMA}` : EMPTY);
    }
  };
  const fails = async (script: Script): Promise<boolean> => {
    await Promise.all([direct.open(), sandboxed.open()]);
    // What a server ends the connection for is no case.
    return both(script).then(
      (answers) => difference(...answers) !== undefined,
      () => false,
    );
  };

  it(`get the answers of a server, ${CASES} of them`, async () => {
    const differing: string[] = [];
    let broken = 0;
    for (let seed = SEED; seed < SEED + CASES && differing.length < WANTED; seed += 1) {
      if (WATCHED && seed > SEED && (seed - SEED) % 1000 === 0) console.error(summary(seed - SEED, broken, differing));
      const script = scriptOf(randomOf(seed), seed);
      const answers = await both(script).catch(() => undefined);
      if (answers === undefined) {
        // A server ends the connection of whoever breaks off a COPY by another message.
        broken += 1;
        await Promise.all([direct.open(), sandboxed.open()]);
        continue;
      }
      const [real, emulated] = answers;
      if (difference(real, emulated) === undefined) continue;

      const smallest = await shrink(script, fails);
      await Promise.all([direct.open(), sandboxed.open()]);
      const found = difference(...(await both(smallest))) ?? difference(real, emulated);
      await Promise.all([direct.open(), sandboxed.open()]);
      differing.push(`seed ${seed} ${describeScript(smallest)}\n${found ?? ''}\n`);
      if (WATCHED) console.error(differing.at(-1));
    }
    if (WATCHED) console.error(summary(CASES, broken, differing));
    expect(broken).to.be.at.most(1 + CASES / 100);
    if (differing.length > 0) throw new Error(differing.join('\n'));
  });
});

function summary(cases: number, broken: number, differing: readonly string[]): string {
  return `${cases} cases from seed ${SEED} on: ${differing.length} differ, ${broken} were broken off by the server`;
}

const EMPTY = 'DELETE FROM item; DELETE FROM child; DELETE FROM parent';

/** The first answer that differs. */
function difference(real: Answers, emulated: Answers): string | undefined {
  for (let index = 0; index < Math.max(real.length, emulated.length); index += 1) {
    const [wanted, given] = [JSON.stringify(real[index]), JSON.stringify(emulated[index])];
    if (wanted !== given) return `a server: ${wanted}\nsandbox:  ${given}`;
  }
  return undefined;
}
