import { expect } from 'chai';
import { serialize as to } from 'pg-protocol';
import { connect, type Socket } from 'node:net';
import { type Message, RawClient, socketIn, startup } from '../raw.js';
import { connected, inTest, useSandbox } from '../sandbox.js';
import { newDatabase } from '../server.js';
import { oneIn, pick, type Random, randomOf, times } from './random.js';

const SEED = Number(process.env['LOCKSTEP_FUZZ_SEED'] ?? 1);
const ROUNDS = 200;
const LETTERS = 'PBDECHSQFXdcfp';

/** A message with that letter and length, whatever its bytes are. */
function frame(letter: string, length: number, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(5);
  head.write(letter, 0, 'latin1');
  head.writeInt32BE(length, 1);
  return Buffer.concat([head, body]);
}

const body = (text: string): Buffer => Buffer.from(text, 'latin1');
const whole = (letter: string, text: string): Buffer => frame(letter, text.length + 4, body(text));

/** What no client may say; a server answers 08P01, and closes the connection where it has lost its place. */
const WRONG: Readonly<Record<string, Buffer>> = {
  'an unknown letter': whole('y', 'x\0'),
  'a letter of the server': whole('Z', 'I'),
  'a length below its own': frame('Q', 3),
  'a negative length': frame('Q', -5),
  'a huge length': frame('Q', 0x7fffffff),
};

/** The same, of a message whose end is known: only the statement fails. */
const INVALID: Readonly<Record<string, Buffer>> = {
  'a Query without its end': whole('Q', 'SELECT 1'),
  'a Parse without types': whole('P', 'x\0SELECT 1\0'),
  'a Bind without values': whole('B', 'x\0y\0'),
  'a Bind that is cut': whole('B', '\0\0\0\0\0\x02\0'),
  'a Describe of nothing': whole('D', 'Xx\0'),
  'a Close of nothing': whole('C', 'Xx\0'),
  'an Execute without rows': whole('E', '\0'),
};

describe('postgres: malformed messages', function () {
  this.timeout(60_000);
  const at = useSandbox('malformed_test', 'CREATE TABLE item (id int PRIMARY KEY)');
  let direct = '';

  before(async () => {
    direct = (await newDatabase('malformed_direct')).host ?? '';
  });

  const host = (): string => new URL(at().url).searchParams.get('host') ?? '';

  /** Codes of the errors that a client of that server gets, and whether it is cut off. */
  const told = async (from: string, database: string, bytes: Buffer): Promise<unknown> => {
    const client = await RawClient.open(from, database);
    client.write(Buffer.concat([bytes, to.sync()]));
    const messages = await client.until('Z').catch(() => client.rest());
    client.close();
    return messages.filter(([letter]) => letter === 'E').map((message) => codeOf(message));
  };

  for (const [title, bytes] of Object.entries({ ...WRONG, ...INVALID }))
    it(`are told apart as by a server: ${title}`, async () => {
      const real = await told(direct, 'malformed_direct', bytes);
      await inTest(at(), async () => {
        const other = await connected(at().url);
        await other.query('BEGIN');
        await other.query('INSERT INTO item VALUES (1)');
        await other.query('COMMIT');
        expect(await told(host(), 'malformed_test', bytes)).to.deep.equal(real);
        expect((await other.query('SELECT * FROM item')).rowCount).to.equal(1);
        await other.end();
      });
    });

  it(`never end the relay, ${ROUNDS} by each door`, async () => {
    const random = randomOf(SEED);
    await inTest(at(), async () => {
      const other = await connected(at().url);
      for (let round = 0; round < ROUNDS; round += 1) {
        await Promise.all([bySocket(random, host()), byPort(random, at().url)]);
        expect((await other.query('SELECT 1 AS n')).rows).to.deep.equal([{ n: 1 }], `seed ${SEED}, round ${round}`);
      }
      expect(at().sandbox.session.execute('SELECT 1 AS n').rows).to.deep.equal([{ n: '1' }]);
      await other.end();
    });
  });
});

function codeOf([, content]: Message): string | undefined {
  return content
    .split(';')
    .find((field) => field.startsWith('C'))
    ?.slice(1);
}

/** Nonsense before or after the startup message, by the socket that lets anyone in who finds it. */
async function bySocket(random: Random, host: string): Promise<void> {
  await send(connect(socketIn(host)), oneIn(random, 3) ? nonsense(random) : Buffer.concat([HELLO, nonsense(random)]));
}

const HELLO = startup({ user: 'postgres', database: 'malformed_test' });

/** Nonsense instead of the password, or with it, by the port that asks for one. */
async function byPort(random: Random, url: string): Promise<void> {
  const { port, password } = new URL(url.replace(/\?.*/, ''));
  const right = Buffer.concat([HELLO, whole('p', `${oneIn(random, 2) ? password : 'wrong'}\0`)]);
  const opening = pick(random, [Buffer.alloc(0), HELLO, right]);
  await send(connect(Number(port), '127.0.0.1'), Buffer.concat([opening, nonsense(random)]));
}

/** Sends and reads until the other side has closed. */
function send(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume();
    socket.end(bytes);
  });
}

function nonsense(random: Random): Buffer {
  const bytes = Buffer.from(times(random(60), () => random(256)));
  switch (random(4)) {
    case 0:
      return bytes;
    case 1:
      return frame(pick(random, [...LETTERS]), pick(random, [-1, 0, 3, 0x7fffffff, 0x40000000, 9]), bytes);
    case 2:
      return frame(pick(random, [...LETTERS]), bytes.length + 4, bytes);
    default:
      return Buffer.concat(
        times(1 + random(5), () => pick(random, [...Object.values(WRONG), ...Object.values(INVALID), VALID])),
      );
  }
}

const VALID = Buffer.concat([to.parse({ text: 'SELECT 1' }), to.bind({}), to.execute({}), to.sync()]);
