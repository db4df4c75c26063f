import { spawn } from 'node:child_process';
import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import {
  fixture,
  mochaProgram,
  MOCHAS,
  type MochaRun,
  type MochaVersion,
  runMocha,
  withoutReader,
} from '../run-mocha.js';

const folder = fixture('report');

/** Frames that no report may show. */
const MACHINERY = /\bnode:|[\\/]mocha[\\/]lib[\\/]|[\\/]dist[\\/]|[\\/]deasync[\\/]/;

/** What a reporter prints of a run. */
async function print(file: string, args: readonly string[], env = {}, mocha?: MochaVersion): Promise<string> {
  const command = [mochaProgram(mocha), '--no-config', '--require', 'lockstep/mocha', ...args, file];
  const child = spawn(process.execPath, command, {
    cwd: folder,
    env: { ...withoutReader(process.env), FORCE_COLOR: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });

  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return text;
}

/** What is printed of one failure, where failures are listed or as it goes. */
function blockOf(text: string, title: string): string {
  const blocks = text.split(/^(?= {2}\d+\) |not ok )/m);
  const found = blocks.filter((block) => block.replace(/\s+/g, ' ').includes(title)).at(-1);
  if (found === undefined) throw new Error(`"${title}" is not in:\n${text}`);
  return found;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe('the report of a failure', function () {
  this.timeout(120_000);

  const MESSAGES: readonly (readonly [title: string, first: RegExp, message: string])[] = [
    [
      'of an error with the stack of its caller',
      /^CallersError: the column is missing\n +at withStackOfCaller/,
      'the column is missing',
    ],
    [
      'that was changed when the stack was there',
      /^Error: select nope: no such column at all\n +at Context.*failures\.mjs/,
      'no such column',
    ],
    [
      'that only the gathered errors have',
      /^AggregateError: refused by the first; refused by the second\n +at Context/,
      'refused by the second',
    ],
    ['of an error without a stack', /^Error: there is no stack\n +at .*failures\.mjs/, 'there is no stack'],
    ['of a cause', /^Error: the request failed\n +at Context/, 'the request failed'],
    ['with frames in it', /^(?:Error: the worker said:\n| +at Context)/, 'the worker said:'],
  ];
  const ANSWERS: readonly (readonly [title: string, told: RegExp, message: string])[] = [
    ...['and a plain assertion', 'and a status of chai', 'and its body'].map(
      (title) =>
        [
          `an answer ${title}`,
          /\n\n {2}GET \/cart answered 500 Internal Server Error:\n {4}TypeError: the cart has no items\n {6}in app\.mjs:11:9\b/,
          'the cart has no items',
        ] as const,
    ),
    [
      'an answer and res.expect',
      /\n\n {2}The app's error comes from:\n {6}in app\.mjs:11:9\b/,
      'the cart has no items',
    ],
    [
      'an answer and supertest',
      /\n\n {2}The app's error:\n {4}TypeError: the cart has no items\n {6}in app\.mjs:11:9\b/,
      'the cart has no items',
    ],
    ...['that was awaited', 'of supertest itself'].map(
      (title) =>
        [
          `an answer ${title}`,
          /\n\n {2}GET \/awaited answered 500 Internal Server Error:\n {4}RangeError: too many items\n {6}in app\.mjs:15:9\b/,
          'too many items',
        ] as const,
    ),
    [
      'an answer without an error to be seen',
      /\n\n {2}GET \/unseen answered 503 Service Unavailable: the shop is closed$/,
      'the shop is closed',
    ],
  ];

  for (const version of MOCHAS) {
    describe(`of ${version}`, () => {
      let run: MochaRun;
      const printed = new Map<string, string>();

      before(async () => {
        run = await runMocha(folder, ['failures.mjs'], { mocha: version, limit: 60_000 });
        for (const reporter of inLongRun(['spec', 'tap'], ['dot']))
          printed.set(reporter, await print('failures.mjs', ['--reporter', reporter], {}, version));
      });

      it('begins with the message, though the stack has it not', () => {
        for (const [title, first] of MESSAGES) expect(run.find(title).err.stack, title).to.match(first);
      });

      it('tells the app’s error behind each answer from 500 on, however the test looked at it', () => {
        for (const [title, told] of ANSWERS) expect(run.find(title).err.stack, title).to.match(told);
      });

      it('says each thing once, in every reporter', () => {
        for (const [reporter, text] of printed) {
          for (const [title, , message] of [...MESSAGES, ...ANSWERS])
            expect(count(blockOf(text, title), message), `${reporter}: ${title}\n${text}`).to.equal(1);
          expect(blockOf(text, 'a message of a cause'), reporter).to.match(
            reporter === 'tap' ? /the request failed/ : /Caused by: CallersError: the column of the cause is missing/,
          );
        }
      });

      it('has no frames of mocha, Node or Lockstep', () => {
        for (const [reporter, text] of printed) {
          const frames = text.split('\n').filter((line) => /^\s+(?:at|in) /.test(line));
          const hidden = frames.filter((line) => MACHINERY.test(line) && !line.includes('mocha/lib/x.js'));
          expect(hidden, reporter).to.deep.equal([]);
          expect(frames.length, reporter).to.be.above(20);
        }
      });
    });
  }

  describe('of answers', () => {
    let run: MochaRun;
    before(async () => (run = await runMocha(folder, ['failures.mjs'], { limit: 60_000 })));

    it('counts those that say the same', () => {
      expect(run.find('again and again').err.stack)
        .to.include('\n  GET /cart answered 500 Internal Server Error, 12 times:\n')
        .and.include('\n  GET /awaited answered 500 Internal Server Error:\n');
    });

    it('is silent about other tests, and about servers that are none of the app', () => {
      for (const title of ['of the test before', 'of a server that is meant to fail'])
        expect(run.find(title).err.stack).not.to.match(/answered|app's error/);
    });

    it('tells them beside a count of statements', () => {
      expect(run.find('that are counted').err.stack)
        .to.match(/GET \/cart answered 500/)
        .and.not.include('SQL of this');
    });
  });

  describe('of what is pending', () => {
    let run: MochaRun;
    before(async () => (run = await runMocha(folder, ['pending.mjs'], { limit: 60_000 })));

    for (const [title, name] of [
      ['client.get', /^client\.get\("\/hang"\) in "what is pending of client\.get" (?:gave up|can never)/],
      ['client.all', /^client\.get\("\/hang"\): GET \/hang: no response|^client\.all\(\) in /],
      ['client.stream', /^client\.stream\("\/hang"\) in /],
      ['supertest', /^GET \/hang \(supertest\) in /],
      ['sync', /^sync\(\) in /],
      ['client.async.get', /^client\.async\.get\("\/hang"\): GET \/hang: no response after \d+ ms, which is past/],
      ['client.async.sse', /^client\.async\.sse\("\/hang"\): GET \/hang: no response after \d+ ms, which is past/],
    ] as const) {
      it(`names the call that the test made: ${title}`, () => {
        const { message, code } = run.find(`of ${title}`).err;
        expect(message).to.match(name);
        expect(code).to.match(/^LOCKSTEP_(SYNC_TIMEOUT|DEADLOCK)$/);
      });
    }

    it('tells it where the runner’s own time was over', () => {
      expect(run.find('of a request that is not awaited').err.stack).to.match(
        /^Error: Timeout of 400ms exceeded[\s\S]*\n\n {2}Still pending:\n {4}- GET \/hang: no response after \d+ ms/,
      );
      expect(run.find('of a callback').err.stack)
        .to.match(
          /^Error: Timeout of 400ms exceeded[\s\S]*\n\n {2}Still pending:\n {4}- Node still has open: \d timers? /,
        )
        .and.match(/\n {2}SQL of this test \(1 statement\):\n/);
    });
  });

  describe('is as wide and as long as its reader has room for', () => {
    const TITLE = 'statements of which one fails';

    function linesOf(text: string): string[] {
      const block = blockOf(text, TITLE).split('\n');
      return block
        .slice(block.findIndex((line) => line.includes('SQL of this test')))
        .filter((line) => line.trim() !== '');
    }

    for (const columns of inLongRun([70, 100], [140])) {
      it(`${columns} columns`, async () => {
        const lines = linesOf(await print('failures.mjs', ['--grep', TITLE], { COLUMNS: String(columns) }));

        for (const line of lines) expect(line.length, line).to.be.at.most(columns);
        expect(lines[0]).to.match(columns < 100 ? /\(4 statements, 2 failed\):$/ : /\(4 statements\):$/);
        expect(lines.some((line) => line.includes('xxx'))).to.equal(false);
        expect(lines.some((line) => line.includes('yyy'))).to.equal(columns >= 100);
        expect(lines.join('\n')).to.match(/insert into nowhere/);
      });
    }

    for (const [reader, args, env] of [
      ['GitHub Actions', [], { GITHUB_ACTIONS: 'true' }],
      ['the reporter github-actions', ['--reporter', 'github-actions'], {}],
      ['an agent', [], { AI_AGENT: 'some-agent' }],
      ...inLongRun([], [['another agent', [], { CURSOR_AGENT: '1' }] as const]),
    ] as const) {
      it(`${reader}: what has failed, only`, async () => {
        const text = await print('failures.mjs', ['--grep', '^statements', ...args], env);

        const lines = linesOf(text);
        expect(lines[0]).to.match(/\(4 statements, 2 failed\):$/);
        expect(lines.join('\n')).to.match(/insert into nowhere/);
        expect(lines.join('\n')).not.to.match(/select count/);
        expect(blockOf(text, 'statements without a failure')).not.to.include('SQL of this');
      });
    }

    it('nobody of these: all of it', async () => {
      const text = await print('failures.mjs', ['--grep', '^statements']);

      expect(linesOf(text)[0]).to.match(/\(4 statements\):$/);
      expect(blockOf(text, 'statements without a failure')).to.include('SQL of this test (1 statement):');
    });
  });

  it('leaves the source of a test out of the promises that it prints', async () => {
    const run = await runMocha(folder, ['printed.mjs'], { limit: 60_000 });

    expect(run.failed, run.stdout).to.deep.equal([]);
    expect(run.passed).to.have.length(1);
  });

  it('leaves Lockstep out of what the app logs', async () => {
    const run = await runMocha(folder, ['logs.mjs'], { limit: 60_000 });

    expect(run.passed, run.stdout).to.deep.equal(['logs']);
    for (const message of ['logged at once', 'no such table: carts', 'logged in a timer', 'logged behind an await'])
      expect(run.stderr).to.match(new RegExp(`${message}\\n(?: +at .*\\n)* +at .*app\\.mjs`));
    // The frames of Node are there in production too; those of the runner and of the test that waits are not.
    expect(run.stderr).not.to.match(/[\\/]dist[\\/]|[\\/]deasync[\\/]|[\\/]mocha[\\/]lib|logs\.mjs/);
    expect(run.stderr).to.match(/logged behind an await\n +at nested .*\n(?: +at .*\n)* +at async .*app\.mjs/);
  });
});
