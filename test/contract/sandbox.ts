import { expect } from 'chai';
import type { Case } from './sandbox/cases.js';
import { ends } from './sandbox/ends.js';
import { functions } from './sandbox/functions.js';
import { identities } from './sandbox/identities.js';
import { layers } from './sandbox/layers.js';
import { losses } from './sandbox/losses.js';
import { outside } from './sandbox/outside.js';
import { runs } from './sandbox/runs.js';
import { Scene } from './sandbox/scene.js';
import { sharing } from './sandbox/sharing.js';
import type { Prepared, Subject, Timeouts } from './sandbox/subject.js';
import { turns } from './sandbox/turns.js';

/** What a sandbox promises, whatever the engine and its host. A new engine begins with this table. */
const CHAPTERS = {
  sharing,
  turns,
  functions,
  ends,
  layers,
  identities,
  losses,
  runs,
  outside,
} satisfies Readonly<Record<string, readonly Case[]>>;

export type Chapter = keyof typeof CHAPTERS;
const ALL = Object.keys(CHAPTERS) as Chapter[];

/** Long enough for a busy machine, or as short as a case needs that waits until they have passed. */
const TIMEOUTS: Readonly<Record<'long' | 'short', Timeouts>> = {
  long: { stallTimeout: 10_000, holdTimeout: 20_000 },
  short: { stallTimeout: 150, holdTimeout: 1000 },
};

/** Plays a case in a sandbox of its own. */
async function play(scene: Scene, run: Case['run']): Promise<void> {
  await scene.open();
  try {
    await run(scene);
    scene.endAll();
  } finally {
    await scene.close();
  }
}

/** Declares the suite for one engine on its host, or some chapters of it. */
export function sandboxContract(subject: Subject, chapters: readonly Chapter[] = ALL): void {
  const { engine, host, driver, waits } = subject;

  describe(`the sandbox of ${engine} ${host}, app by ${driver}`, function () {
    this.timeout(60_000);

    for (const length of ['long', 'short'] as const) {
      describe(`with ${length} timeouts`, () => {
        let prepared: Prepared;

        before(async () => {
          prepared = await subject.prepare(TIMEOUTS[length]);
        });
        after(() => prepared.withdraw());

        it('sharing: the app has not reached the sandbox before it comes', () =>
          play(new Scene(subject, prepared), async (scene) => {
            expect(scene.sandbox.reached).to.equal(false);
            await scene.connect();
          }));

        for (const chapter of chapters) {
          for (const { title, needs, timeouts = 'long', run } of CHAPTERS[chapter]) {
            if (timeouts !== length || (needs === 'waiting' && !waits)) continue;
            it(`${chapter}: ${title}`, () => play(new Scene(subject, prepared), run));
          }
        }
      });
    }
  });
}
