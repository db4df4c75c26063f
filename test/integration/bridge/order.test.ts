import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { createSocket } from 'node:dgram';
import { stat } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { deflate } from 'node:zlib';
import { expect } from 'chai';
import { sync } from '#src/index.js';
import { installBridge, type InstalledBridge } from '#src/bridge/index.js';
import { parkTimerOf, underHop } from './under-hop.js';

const NAMES = ['a', 'b', 'c'];

type Callback = () => void;

/** Begins something for each of the names, in a store of its own, and resolves when all were called back. */
type Each = (begin: (name: string, callback: Callback) => void) => void;

/** Callbacks that libuv makes in one turn of the loop. */
const works: Readonly<Record<string, (each: Each) => unknown>> = {
  immediates: (each) => each((_, callback) => setImmediate(callback)),
  timers: (each) => {
    each((_, callback) => setTimeout(callback, 1));
    block();
  },
  'an immediate and the timers behind it': (each) => {
    let before: Callback | undefined;
    each((_, callback) => {
      if (before) return void setTimeout(callback, 1);
      before = callback;
      setImmediate(() => {
        block();
        callback();
      });
    });
  },
  'file operations': (each) => {
    each((_, callback) => stat('.', callback));
    block();
  },
  compressions: (each) => {
    each((_, callback) => deflate('text', callback));
    block();
  },
  'messages of UDP': async (each) => {
    const ports: Promise<number>[] = [];
    each((_, callback) => {
      const socket = createSocket('udp4', () => {
        socket.close();
        callback();
      });
      ports.push(new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket.address().port))));
    });
    const sender = createSocket('udp4');
    const sent = (await Promise.all(ports)).map((port) => new Promise((resolve) => sender.send('x', port, resolve)));
    block();
    await Promise.all(sent);
    sender.close();
  },
  'messages of ports': (each) => {
    each((_, callback) => {
      const { port1, port2 } = new MessageChannel();
      port1.once('message', () => {
        callback();
        port1.close();
      });
      port2.postMessage(0);
    });
  },
  'new connections': async (each) => {
    const accept: Callback[] = [];
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined).destroy();
      accept.shift()?.();
      if (accept.length === 0) server.close();
    });
    const port = await listening(server);
    each((_, callback) => {
      accept.push(AsyncResource.bind(callback));
      net.connect(port, '127.0.0.1').on('error', () => undefined);
    });
    block();
  },
  'data of sockets': async (each) => {
    const accepted: net.Socket[] = [];
    const server = net.createServer((socket) => accepted.push(socket));
    const port = await listening(server);
    const connected: Promise<unknown>[] = [];
    each((_, callback) => {
      const socket = net.connect(port, '127.0.0.1').once('data', callback);
      connected.push(new Promise((resolve) => socket.once('connect', resolve)));
    });
    await Promise.all(connected);
    while (accepted.length < NAMES.length) await pause(1);
    for (const socket of accepted) socket.end('x');
    server.close();
    block();
  },
  'responses of HTTP': async (each) => {
    const open: http.ServerResponse[] = [];
    const server = http.createServer((_, response) => {
      if (open.push(response) < NAMES.length) return;
      for (const each of open) each.end('body');
      server.close();
      block();
    });
    const port = await listening(server);
    each((_, callback) => {
      http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
        response.resume();
        callback();
      });
    });
  },
  'the closing of sockets': async (each) => {
    const server = net.createServer((socket) => socket.resume().on('error', () => undefined));
    const port = await listening(server);
    const sockets: net.Socket[] = [];
    const connected: Promise<unknown>[] = [];
    each((_, callback) => {
      const socket = net.connect(port, '127.0.0.1').on('close', callback);
      sockets.push(socket);
      connected.push(new Promise((resolve) => socket.once('connect', resolve)));
    });
    await Promise.all(connected);
    for (const socket of sockets) socket.destroy();
    server.close();
  },
};

const storage = new AsyncLocalStorage<string>();

/**
 * Runs work and resolves with what ran in which order. What a callback puts into the queues of
 * nextTick and microtasks has to run before the next callback does.
 */
function play(work: (each: Each) => unknown): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const log: string[] = [];
    const note = (what: string, name: string): void => {
      const store = storage.getStore();
      log.push(store === name ? what : `${what} in the store of ${store}`);
      if (log.length === NAMES.length * 3) resolve(log);
    };
    const each: Each = (begin) => {
      for (const name of NAMES) {
        storage.run(name, () =>
          begin(name, () => {
            note(name, name);
            process.nextTick(note, `${name} tick`, name);
            void Promise.resolve().then(() => note(`${name} microtask`, name));
          }),
        );
      }
    };
    Promise.resolve(work(each)).catch(reject);
  });
}

describe('the order of callbacks during a wait is that of Node', () => {
  let bridge: InstalledBridge;

  before(() => {
    bridge = installBridge();
    bridge.running();
  });
  beforeEach(function () {
    parkTimerOf(this.currentTest);
  });
  after(() => bridge.uninstall());

  for (const [title, work] of Object.entries(works)) {
    it(title, async () => {
      const expected = NAMES.map((name) => [name, `${name} tick`, `${name} microtask`]);

      // The threads of libuv's pool and the closing of handles keep no order among the names.
      expect(turns(await play(work)), 'awaited').to.have.deep.members(expected);
      expect(turns(await underHop(() => sync(play(work))))).to.have.deep.members(expected);
    });
  }

  it('a refused connection: error before close', async () => {
    const refused = (): Promise<string[]> =>
      new Promise((resolve) => {
        const log: string[] = [];
        const socket = net.connect(1, '127.0.0.1').on('error', () => log.push('error'));
        socket.on('close', () => setTimeout(resolve, 1, [...log, 'close']));
      });

    expect(await refused(), 'awaited').to.deep.equal(['error', 'close']);
    expect(await underHop(() => sync(refused()))).to.deep.equal(['error', 'close']);
  });
});

/** What ran, by three: a callback, its tick, its microtask. */
function turns(log: readonly string[]): string[][] {
  return NAMES.map((_, index) => log.slice(index * 3, index * 3 + 3));
}

/** Keeps the thread busy for so long that what was begun is ready in one turn of the loop. */
function block(): void {
  const end = performance.now() + 20;
  while (performance.now() < end);
}

async function listening(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
