import { expect } from 'chai';
import fc from 'fast-check';
import type { Expectation, Kind } from '#src/engine/postgres/relay/expectations.js';
import { RealConnection } from '#src/engine/postgres/relay/real.js';
import { message, server, told } from './messages.js';

/** What ReadyForQuery answers. */
const ENDED: ReadonlySet<Kind> = new Set<Kind>(['sync', 'query', 'call', 'ask']);

/** A connection that notes what happens. */
function connection(): { real: RealConnection; events: string[]; expect: (kind: Kind, name?: string) => Expectation } {
  const events: string[] = [];
  const real = new RealConnection(
    { write: () => undefined },
    {
      notice: () => false,
      notification: (channel, payload) => events.push(`notified ${channel} ${payload}`),
      parameter: (name, value) => events.push(`parameter ${name} ${value}`),
      outOfStep: (reason) => events.push(`out of step: ${reason}`),
      idle: () => events.push('idle'),
    },
  );
  return {
    real,
    events,
    expect: (kind, name = kind) => ({
      kind,
      to: { send: (bytes) => events.push(`${name} < ${told(bytes).join(', ')}`) },
      failed: () => events.push(`${name} failed`),
      ...(ENDED.has(kind) && {
        done: ({ status }: { readonly status: number }) => events.push(`${name} done ${String.fromCharCode(status)}`),
      }),
      dropped: () => events.push(`${name} dropped`),
      copyIn: () => events.push(`${name} copies in`),
    }),
  };
}

const BATCH: readonly Kind[] = ['parse', 'bind', 'portal', 'execute', 'sync'];
const EMPTY = Buffer.alloc(0);
const DESCRIBED = Buffer.concat([server.parsed, server.bound, server.columns]);

/** What was sent, what the server says, and what comes of it. */
const CASES: readonly (readonly [what: string, kinds: readonly Kind[], answer: Buffer, events: readonly string[]])[] = [
  [
    'a query and its end',
    ['query'],
    Buffer.concat([server.columns, server.row('1'), server.complete('SELECT 1'), server.ready('T')]),
    ['query done T', 'idle', 'query < T, D, C SELECT 1'],
  ],
  [
    'a batch',
    BATCH,
    Buffer.concat([DESCRIBED, server.row('1'), server.complete('SELECT 1'), server.ready('T')]),
    ['sync done T', 'idle', 'parse < 1', 'bind < 2', 'portal < T', 'execute < D, C SELECT 1'],
  ],
  [
    'a batch that fails at its Bind',
    BATCH,
    Buffer.concat([server.parsed, server.error('22P02', 'no number'), server.ready('E')]),
    ['parse < 1', 'execute dropped', 'portal dropped', 'bind failed', 'sync done E', 'idle'],
  ],
  [
    'the guard before a query, in one packet',
    ['step', 'step', 'query'],
    Buffer.concat([
      server.bound,
      server.complete('RELEASE'),
      server.bound,
      server.complete('SAVEPOINT'),
      server.complete('INSERT 0 1'),
      server.ready('T'),
    ]),
    ['query < C INSERT 0 1', 'query done T', 'idle'],
  ],
  ['an answer to nothing', [], server.parsed, ['out of step: an answer of type 49 to nothing']],
  ['an answer of the wrong kind', ['parse'], server.ready('T'), ['out of step: an answer of type 90 to a parse']],
  ['rows for a Bind', ['bind'], server.row('1'), ['out of step: an answer of type 68 to a message of kind bind']],
  [
    'a message without a length',
    ['query'],
    Buffer.from([0x43, 0, 0, 0, 3]),
    ['out of step: a message without a length'],
  ],
];

describe('the real connection', () => {
  for (const [what, kinds, answer, events] of CASES) {
    it(`knows whose it is: ${what}`, () => {
      const scene = connection();
      for (const kind of kinds) {
        const expectation = scene.expect(kind);
        scene.real.send(EMPTY, kind === 'step' ? { kind, to: undefined } : expectation);
      }
      scene.real.receive(answer);
      expect([...scene.events].sort()).to.deep.equal([...events].sort());
    });
  }

  it('gives the same bytes and the same ends however the server is cut', () => {
    const answer = Buffer.concat([
      DESCRIBED,
      server.row('one', 'two'),
      server.row('x'.repeat(60)),
      server.notice('by the way'),
      server.complete('SELECT 2'),
      server.ready('T'),
      server.columns,
      server.row('3'),
      server.complete('SELECT 1'),
      server.ready('T'),
    ]);
    const whole = run([answer]);

    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 400 }), (sizes) => {
        expect(run(cut(answer, sizes))).to.deep.equal(whole);
      }),
    );
    expect(run(cut(answer, [1]))).to.deep.equal(whole);
  });

  it('answers in the server’s place behind what the server has yet to answer, or not at all if that fails', () => {
    for (const [answer, outcome] of [
      [server.parsed, ['parse < 1', 'local < 2', 'idle']],
      [server.error('42601', 'no'), ['local dropped', 'parse failed', 'idle']],
    ] as const) {
      const scene = connection();
      const local = scene.expect('local', 'local');
      scene.real.send(EMPTY, scene.expect('parse'));
      if (local.to !== undefined) scene.real.local(server.bound, local.to, () => local.dropped?.());
      scene.real.receive(answer);
      expect([...scene.events].sort()).to.deep.equal([...outcome].sort());
    }
  });

  it('tells of settings and notifications at any place, and keeps the last words of a server that ends', () => {
    const scene = connection();
    scene.real.send(EMPTY, scene.expect('query'));
    scene.real.receive(
      Buffer.concat([
        message('S', 'TimeZone\0Asia/Tokyo\0'),
        message('A', Buffer.concat([Buffer.from([0, 0, 0, 9]), Buffer.from('shop\0open\0')])),
        message('E', 'SFATAL\0VFATAL\0C57P01\0Mthe end\0\0'),
      ]),
    );
    expect(scene.events).to.deep.equal(['parameter TimeZone Asia/Tokyo', 'notified shop open']);
    expect(scene.real.lastWords?.toString()).to.contain('the end');
    expect(scene.real.idle).to.equal(false);
  });

  it('has something to sync after extended messages only', () => {
    const { real, expect: expectation } = connection();
    const seen: boolean[] = [];
    for (const kind of ['parse', 'sync', 'step', 'query', 'execute', 'ask'] as const) {
      real.send(EMPTY, expectation(kind));
      seen.push(real.unsynced);
    }
    expect(seen).to.deep.equal([true, false, true, false, true, false]);
  });

  it('drops what a client that has gone would have been told', () => {
    const { real, events } = connection();
    const to = { send: () => events.push('told') };
    real.send(EMPTY, { kind: 'query', to });
    real.receive(server.row('1').subarray(0, 7));
    real.forget(to);
    events.length = 0;
    real.receive(Buffer.concat([server.row('1').subarray(7), server.complete('SELECT 1'), server.ready('T')]));
    expect(events).to.deep.equal(['idle']);
  });
});

/** Bytes and ends of a batch and a query behind it. */
function run(chunks: readonly Buffer[]): { bytes: string; ends: string[] } {
  const out: Buffer[] = [];
  const ends: string[] = [];
  const real = new RealConnection(
    { write: () => undefined },
    {
      notice: () => false,
      notification: () => undefined,
      parameter: () => undefined,
      outOfStep: (reason) => ends.push(reason),
      idle: () => ends.push('idle'),
    },
  );
  const to = { send: (bytes: Buffer) => void out.push(Buffer.from(bytes)) };
  for (const kind of [...BATCH, 'query'] as const) {
    const tag = (bytes: Buffer): undefined => void ends.push(told(bytes).join());
    real.send(EMPTY, { kind, to, tag, done: () => ends.push(kind) });
  }
  for (const chunk of chunks) real.receive(chunk);
  return { bytes: Buffer.concat(out).toString('hex'), ends };
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
