import { expect } from 'chai';
import type pg from 'pg';
import { SandboxLostError } from '#src/errors.js';
import { Loss, Word } from '#src/engine/postgres/shared.js';
import type { WorkerLink } from '#src/engine/postgres/relay/hosts/worker/worker-link.js';
import { connected, endBackend, inTest, useWorkerSandbox } from './sandbox.js';

const nothing = (): Promise<void> => Promise.resolve();
const layer = (title: string) => ({ kind: 'layer', title }) as const;
const failure = (work: Promise<unknown>): Promise<pg.DatabaseError> =>
  work.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error as pg.DatabaseError,
  );

const cell = new Int32Array(new SharedArrayBuffer(4));
const sleep = (ms: number): unknown => Atomics.wait(cell, 0, 0, ms);

/** Does something behind the sandbox's next look for a loss. */
function lookingThen(link: WorkerLink, work: () => void): void {
  link.load = (word) => {
    const seen = Atomics.load(link.words, word);
    if (word !== Word.lost) return seen;
    Reflect.deleteProperty(link, 'load');
    work();
    return seen;
  };
}

/** Does something while no loss is seen yet. */
function hiding(link: WorkerLink, work: () => void): void {
  link.load = (word) => (word === Word.lost ? Loss.none : Atomics.load(link.words, word));
  work();
  Reflect.deleteProperty(link, 'load');
}

describe('postgres: scopes that nobody uses', () => {
  const at = useWorkerSandbox('idle_test', 'CREATE TABLE item (id int PRIMARY KEY)');
  const count = async (): Promise<number | null> => (await app.query('SELECT * FROM item')).rowCount;
  let app: pg.Client;

  before(async () => {
    app = await connected(at().url);
    await inTest(at(), () => app.query('SELECT 1'), 'the first');
  });
  after(() => app.end());

  const late = async (): Promise<string> => (await failure(app.query('SELECT 1'))).message;

  it('name the last of them to a straggler', async () => {
    for (const title of ['one', 'two', 'three']) {
      await inTest(at(), nothing, title);
      expect(await late()).to.match(new RegExp(`after "${title}" had ended`));
    }
    await inTest(at(), () => app.query('SELECT 1'), 'used');
    expect(await late()).to.match(/after "used" had ended/);
    await inTest(at(), nothing, 'ä "quoted" title, \u{1F9EA}');
    expect(await late()).to.match(/after "ä "quoted" title, \u{1F9EA}" had ended/u);
    await inTest(at(), nothing, 'x'.repeat(10_000));
    expect(await late()).to.match(/after "x+/);
  });

  it('are rolled back when they are used at last', async () => {
    for (let round = 0; round < 3; round += 1) {
      await inTest(at(), nothing);
      await inTest(at(), nothing);
      await inTest(at(), async () => {
        expect(await count()).to.equal(0);
        await app.query('INSERT INTO item VALUES (1)');
        expect(at().sandbox.session.execute('SELECT * FROM item').rows).to.have.length(1);
      });
    }
  });

  it('leave the fixtures of their layer alone, which may be used later, or in its later hooks', async () => {
    const { sandbox } = at();

    sandbox.begin(layer('outer'));
    await app.query('INSERT INTO item VALUES (1)');
    await inTest(at(), nothing, 'idle');
    sandbox.begin(layer('inner'));
    await inTest(at(), nothing, 'idle');
    expect(await late()).to.match(/after "idle" had ended/);
    sandbox.resume();
    await app.query('INSERT INTO item VALUES (2)');
    sandbox.resume();
    await inTest(at(), nothing, 'idle');
    await inTest(at(), async () => expect(await count()).to.equal(2));
    sandbox.resume();
    sandbox.end();
    expect(await late()).to.match(/after "inner" had ended/);
    sandbox.resume();
    expect(await count()).to.equal(1);
    sandbox.end();

    sandbox.begin(layer('unused'));
    await inTest(at(), async () => expect(await count()).to.equal(0));
    await inTest(at(), nothing);
    sandbox.end();
    await inTest(at(), async () => expect(await count()).to.equal(0));
  });

  it('keep to what uses them at the moment of their end', async () => {
    const outcomes = new Set<string>();

    for (let round = 0; round < 300; round += 1) {
      const sent = app.query('INSERT INTO item VALUES ($1)', [round]);
      // The end comes before, after or while the relay sees the statement.
      const until = performance.now() + (round % 10) / 20;
      await inTest(
        at(),
        () => {
          while (performance.now() < until);
          return nothing();
        },
        `round ${round}`,
      );
      outcomes.add(
        await sent.then(
          () => 'in time',
          ({ code }: pg.DatabaseError) => code ?? '',
        ),
      );
      await inTest(at(), nothing);
      if (round % 20 === 0) await inTest(at(), async () => expect(await count()).to.equal(0, `after round ${round}`));
    }
    await inTest(at(), async () => expect(await count()).to.equal(0));
    for (const outcome of outcomes) expect(outcome).to.be.oneOf(['in time', '57P01']);
  });

  it('tell of a connection that ended between them, with the fixtures of their layer', async () => {
    const { sandbox } = at();
    const terminate = (): Promise<void> => endBackend(at());

    sandbox.begin(layer('with fixtures'));
    await app.query('INSERT INTO item VALUES (1)');
    await inTest(at(), () => app.query('SELECT 1'), 'used');
    const lost = await inTest(at(), terminate, 'idle').catch((error: unknown) => error as Error);
    expect(lost).to.be.instanceOf(SandboxLostError);
    expect((lost as Error).message).to.match(/ended during "idle"/);
    sandbox.end();

    await inTest(at(), terminate, 'with nothing to lose');
    await inTest(at(), async () => expect(await count()).to.equal(0));
  });

  describe('behind a test that ended before the loss was known', () => {
    beforeEach(async () => {
      await app.end();
      app = await connected(at().url);
      at().sandbox.begin(layer('with fixtures'));
      await app.query('INSERT INTO item VALUES (1)');
    });

    /** A test without database, which has looked for a loss when its connection is cut. */
    function lostUnheard(): void {
      const { sandbox } = at();

      sandbox.begin({ kind: 'test', title: 'idle' });
      lookingThen(sandbox.link, () => {
        process.kill(sandbox.link.load(Word.backend), 'SIGTERM');
        while (sandbox.link.load(Word.held) === 1) sleep(1);
      });
      sandbox.end();
    }

    it('tell whoever begins next, once', async () => {
      const { sandbox } = at();
      lostUnheard();
      expect(() => sandbox.begin({ kind: 'test', title: 'next' }))
        .to.throw(SandboxLostError)
        .with.property('message')
        .that.matches(/connection to Postgres ended.*terminating connection due to administrator command/);
      await inTest(at(), async () => expect(await count()).to.equal(0));
      sandbox.end();
    });

    it('tell a later hook of their layer', () => {
      const { sandbox } = at();
      lostUnheard();
      expect(() => sandbox.resume()).to.throw(SandboxLostError, /connection to Postgres ended/);
      sandbox.resume();
      sandbox.end();
    });

    it("tell the session of a test that had begun before, and that test's end", async () => {
      const { sandbox } = at();
      lostUnheard();
      hiding(sandbox.link, () => sandbox.begin({ kind: 'test', title: 'next' }));
      expect(() => sandbox.session.execute('SELECT 1')).to.throw(SandboxLostError, /connection to Postgres ended/);
      expect(sandbox.session.execute('SELECT * FROM item').rows).to.deep.equal([]);
      expect(() => sandbox.end()).to.throw(SandboxLostError, /connection to Postgres ended/);
      await inTest(at(), async () => expect(await count()).to.equal(0));
      sandbox.end();
    });

    it('tell nobody who does not build on them', async () => {
      const { sandbox } = at();
      lostUnheard();
      sandbox.end();
      await inTest(at(), async () => expect(await count()).to.equal(0));
    });

    it('tell of their worker, too', async () => {
      const { sandbox } = at();
      sandbox.begin({ kind: 'test', title: 'idle' });
      const dead = sandbox.link.kill();
      const told: unknown[] = [];
      const end = (): void => sandbox.end();
      const begin = (): void => sandbox.begin({ kind: 'test', title: 'next' });
      try {
        end();
      } catch (error) {
        told.push(error);
      }
      await dead;
      if (told.length === 0) expect(begin).to.throw(SandboxLostError, /thread has ended/);
      else {
        expect(told[0]).to.be.instanceOf(SandboxLostError);
        begin();
        end();
      }
      const anew = await connected(at().url);
      await inTest(at(), async () => expect((await anew.query('SELECT * FROM item')).rowCount).to.equal(0));
      await anew.end();
      sandbox.end();
    });
  });

  it('end with their worker, like any other', async () => {
    const { sandbox } = at();
    await inTest(at(), nothing);
    await sandbox.link.kill();
    await inTest(at(), async () => {
      const again = await connected(at().url);
      expect((await again.query('SELECT 1')).rowCount).to.equal(1);
      await again.end();
    });
    await inTest(at(), nothing);
    await inTest(at(), nothing);
  });
});
