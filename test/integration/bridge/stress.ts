import { once } from 'node:events';
import { stat } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { sync } from '#src/index.js';
import { underHop } from './under-hop.js';

export interface Load {
  /** Sockets over TCP that send numbers, some of them before each wait, and get them back. */
  readonly sockets: number;
  /** Chains of timers. */
  readonly timers: number;
  readonly waits: number;
  /** Makes the same choices again. */
  readonly seed: number;
}

/** What happened besides the waits. */
export interface Survey {
  readonly echoes: number;
  readonly fired: number;
}

/** Waits of one test. */
const PER_HOP = 20;

/**
 * Waits many times for different things, while sockets and timers keep the loop busy.
 *
 * @throws Error when anything got lost, came twice or came out of order.
 */
export async function stress({ sockets, timers, waits, seed }: Load): Promise<Survey> {
  const random = randomOf(seed);
  const turns = new Turns();
  const echo = await startEcho(sockets, turns);
  const chains = startTimers(timers, random, turns);

  for (let done = 0; done < waits;) {
    const count = Math.min(PER_HOP, waits - done);
    await underHop(() => {
      for (let i = 0; i < count; i++) {
        echo.send(random);
        waitOnce(done + i, random, echo.next);
      }
    }, 30_000);
    done += count;
  }

  const survey = { fired: await chains.stop(), echoes: await echo.stop() };
  if (survey.echoes < sockets || survey.fired < timers)
    throw new Error(`too little happened: ${JSON.stringify(survey)}`);
  return survey;
}

type Source = (token: number, next: () => Promise<unknown>) => Promise<unknown>;

const sources: readonly Source[] = [
  (token) => Promise.resolve(token),
  (token) => new Promise((resolve) => setImmediate(resolve, token)),
  (token) => new Promise((resolve) => process.nextTick(resolve, token)),
  (token) => new Promise((resolve) => setTimeout(resolve, Math.abs(token) % 3, token)),
  (token) => new Promise((resolve) => stat('.', () => resolve(token))),
  (token, next) => next().then(() => token),
  async (token) => {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
    return token;
  },
];

function waitOnce(token: number, random: () => number, next: () => Promise<unknown>): void {
  const source = sources[Math.floor(random() * sources.length)] as Source;
  const [several, other] = [random() < 0.1, Math.floor(random() * sources.length)];

  const values = several
    ? sync.all([() => source(token, next), () => (sources[other] as Source)(-token, next)])
    : [sync(() => source(token, next))];
  const wanted = several ? [token, -token] : [token];
  if (values.join() !== wanted.join()) throw new Error(`wait ${token} returned ${values.join()}`);
}

/** Whether what a callback queues runs before the next callback. */
class Turns {
  #open = 0;

  begin(): void {
    if (this.#open !== 0) throw new Error('a callback ran before the ticks and microtasks of the one before it');
    this.#open = 2;
    process.nextTick(() => (this.#open -= 1));
    queueMicrotask(() => (this.#open -= 1));
  }
}

interface Echo {
  /** Lets some sockets send their next number. */
  readonly send: (random: () => number) => void;
  /** Resolves at the next echo on any socket. */
  readonly next: () => Promise<unknown>;
  readonly stop: () => Promise<number>;
}

/** Sockets that send before each wait. */
const SENDERS = 8;

async function startEcho(count: number, turns: Turns): Promise<Echo> {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;

  let waiting: (() => void)[] = [];
  let [sent, echoes] = [0, 0];

  async function open(): Promise<Channel> {
    const socket = connect(port, '127.0.0.1');
    const channel: Channel = { socket, sent: 0, received: 0, closed: once(socket, 'close') };
    let rest = '';
    socket.on('data', (data) => {
      turns.begin();
      const numbers = (rest + data.toString()).split('\n');
      rest = numbers.pop() ?? '';
      for (const number of numbers) {
        if (number !== String((channel.received += 1))) throw new Error(`got ${number} for ${channel.received}`);
        echoes += 1;
      }
      const called = waiting;
      waiting = [];
      for (const call of called) call();
    });
    await once(socket, 'connect');
    return channel;
  }

  function sendOn(channel: Channel): void {
    channel.socket.write(`${(channel.sent += 1)}\n`);
    sent += 1;
  }

  const channels = await Promise.all(Array.from({ length: count }, open));
  for (const channel of channels) sendOn(channel);
  return {
    send(random) {
      for (let i = 0; i < SENDERS; i++) sendOn(channels[Math.floor(random() * count)] as Channel);
    },
    // What is under way may all have arrived by now.
    next() {
      if (echoes === sent) sendOn(channels[0] as Channel);
      return new Promise((resolve) => waiting.push(() => resolve(undefined)));
    },
    async stop() {
      for (const { socket } of channels) socket.end();
      await Promise.all(channels.map(({ closed }) => closed));
      server.close();
      if (echoes !== sent) throw new Error(`${sent - echoes} of ${sent} echoes are lost`);
      return echoes;
    },
  };
}

interface Channel {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  sent: number;
  received: number;
}

/** Timers of one duration fire in the order in which they were set, and none before its time. */
function startTimers(count: number, random: () => number, turns: Turns): { stop(): Promise<number> } {
  const set = new Map<number, number[]>();
  let [last, fired, stopping, open] = [0, 0, false, count];
  let allEnded = (): void => undefined;

  function chain(): void {
    const ms = 1 + Math.floor(random() * 5);
    const id = (last += 1);
    const due = performance.now() + ms;
    const queue = set.get(ms) ?? [];
    set.set(ms, queue);
    queue.push(id);

    setTimeout(() => {
      turns.begin();
      const first = queue.shift();
      if (first !== id) throw new Error(`timer ${id} of ${ms} ms fired in the place of ${first}`);
      // Node's clock counts whole milliseconds.
      if (performance.now() < due - 1) throw new Error(`timer ${id} of ${ms} ms fired too early`);
      fired += 1;
      if (!stopping) return chain();
      open -= 1;
      if (open === 0) allEnded();
    }, ms);
  }

  for (let i = 0; i < count; i++) chain();
  return {
    stop() {
      stopping = true;
      return new Promise((resolve) => (allEnded = () => resolve(fired)));
    },
  };
}

/** Mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed;

  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
