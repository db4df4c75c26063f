import { pbkdf2, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { deflate } from 'node:zlib';
import { expect } from 'chai';
import { sync } from '#src/index.js';
import { installBridge, type InstalledBridge } from '#src/bridge/index.js';
import { errorUnderHop, parkTimerOf, underHop } from './under-hop.js';

const hash = promisify(pbkdf2);
/** Longer than any grace. */
const LONG = 500;

/** Work that takes long, and of which Node's list of active resources tells nothing. */
const invisible: Readonly<Record<string, () => Promise<unknown>>> = {
  'a hash in the thread pool': async () => {
    const began = performance.now();
    await hash('secret', 'salt', 100_000, 32, 'sha256');
    const rounds = Math.ceil((100_000 * LONG) / (performance.now() - began));
    return hash('secret', 'salt', rounds, 32, 'sha256');
  },
  'many quick jobs in the thread pool, one after the other': async () => {
    const end = performance.now() + LONG;
    while (performance.now() < end) await promisify(randomBytes)(8);
  },
  'compression in the thread pool': async () => {
    const end = performance.now() + LONG;
    while (performance.now() < end) await promisify(deflate)(Buffer.alloc(4_000_000, 'x1y2z3'));
  },
  'compilation of WebAssembly': () => WebAssembly.compile(largeModule()),
  'Atomics.waitAsync with a timeout': async () => waitAsync(LONG),
  'Atomics.waitAsync that another thread ends': async () => {
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const woken = waitAsync(undefined, shared);
    const worker = await unreferencedWorker('Atomics.notify(workerData, 0)', shared);
    expect(await woken).to.equal('ok');
    await worker.terminate();
  },
  'an answer of a worker that does not keep the process alive': async () => {
    const worker = await unreferencedWorker('parentPort.postMessage("done")');
    await once(worker, 'message');
    await worker.terminate();
  },
  'a timer that does not keep the process alive': () =>
    new Promise((resolve) => void setTimeout(resolve, LONG).unref()),
  'AbortSignal.timeout': () => once(AbortSignal.timeout(LONG), 'abort'),
};

// Not among the types of Node 20.
const { WebAssembly } = globalThis as unknown as { WebAssembly: { compile(bytes: Uint8Array): Promise<object> } };

/** Milliseconds of quiet that are no deadlock yet where something may call in. */
const UNNOTICED = 40;

interface AsyncWait {
  readonly value: Promise<unknown>;
}

function waitAsync(timeout?: number, shared = new Int32Array(new SharedArrayBuffer(4))): Promise<unknown> {
  // Not among the types of TypeScript's ES2023.
  const { waitAsync: wait } = Atomics as unknown as {
    readonly waitAsync: (array: Int32Array, index: number, value: number, timeout?: number) => AsyncWait;
  };
  return wait(shared, 0, 0, timeout).value;
}

/** A worker that does something in a moment, and of which nothing is seen until then. */
async function unreferencedWorker(something: string, workerData?: Int32Array): Promise<Worker> {
  const code = `const { parentPort, workerData } = require('node:worker_threads');
    parentPort.once('message', (ms) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      ${something};
    });`;
  const worker = new Worker(code, { eval: true, workerData });

  await once(worker, 'online');
  worker.unref();
  worker.postMessage(UNNOTICED);
  return worker;
}

/** The bytes of a module that V8 compiles for a while: many functions that add and add. */
function largeModule(): Uint8Array<ArrayBuffer> {
  const FUNCTIONS = 6000;
  const add = [0x20, 0, 0x41, 7, 0x6a, 0x21, 0];
  const code = [0, ...Array.from({ length: 300 }, () => add).flat(), 0x20, 0, 0x0b];
  const body = Buffer.from([...leb(code.length), ...code]);
  const bodies = Buffer.concat([Buffer.from(leb(FUNCTIONS)), ...Array.from({ length: FUNCTIONS }, () => body)]);
  const declared = [...leb(FUNCTIONS), ...Array.from({ length: FUNCTIONS }, () => 0)];

  return Uint8Array.from(
    Buffer.concat([
      Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
      Buffer.from([1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f]),
      Buffer.from([3, ...leb(declared.length), ...declared]),
      Buffer.from([10, ...leb(bodies.length)]),
      bodies,
    ]),
  );
}

/** A number as WebAssembly writes it. */
function leb(number: number): number[] {
  return number < 128 ? [number] : [(number & 127) | 128, ...leb(number >> 7)];
}

describe('DeadlockError', () => {
  let bridge: InstalledBridge | undefined;

  beforeEach(function () {
    parkTimerOf(this.currentTest);
  });
  afterEach(() => {
    bridge?.uninstall();
    bridge = undefined;
  });

  function install(): void {
    bridge = installBridge();
    bridge.running();
  }

  for (const [title, work] of Object.entries(invisible)) {
    it(`is not said of ${title}`, async () => {
      install();
      expect(await underHop(() => [sync(work), sync(() => 'done')][1], 20_000)).to.equal('done');
    });
  }

  it('is not said of a timer, when one ran out that was set before Lockstep was loaded', async () => {
    const early = new Promise((resolve) => setTimeout(resolve, 20));
    install();
    await early;

    expect(await underHop(() => sync(new Promise((resolve) => setTimeout(resolve, LONG, 'done'))))).to.equal('done');
  });

  it('is said in spite of an interval that does not keep the process alive', async () => {
    install();
    const interval = setInterval(() => undefined, 10).unref();
    const error = await errorUnderHop(() => sync(new Promise(() => undefined)));
    clearInterval(interval);

    expect(error.code).to.equal('LOCKSTEP_DEADLOCK');
  });

  it('is said in spite of sockets that are open but unreferenced, when nothing comes', async () => {
    install();
    const server = createServer((peer) => void peer.unref())
      .listen(0, '127.0.0.1')
      .unref();
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').unref();
    await once(socket.ref(), 'connect');
    socket.unref();
    const error = await errorUnderHop(() => sync(new Promise(() => undefined)));
    socket.destroy();
    server.close();

    expect(error.code).to.equal('LOCKSTEP_DEADLOCK');
  });

  it('is said in the name of a wait without end', async () => {
    install();
    const error = await errorUnderHop(() => sync(new Promise(() => undefined)), Infinity);

    expect(error.code).to.equal('LOCKSTEP_DEADLOCK');
  });

  it('is said when invisible work has come to its end without settling anything', async () => {
    install();
    const error = await errorUnderHop(() =>
      sync(async () => {
        await invisible['a hash in the thread pool']?.();
        await new Promise(() => undefined);
      }),
    );

    expect(error.code).to.equal('LOCKSTEP_DEADLOCK');
  });
});
