import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { sync } from '#src/index.js';
import { installBridge, type InstalledBridge } from '#src/bridge/index.js';
import { parkTimerOf, underHop } from './under-hop.js';

/** What an app may leave behind; each returns what ends it. */
const leftovers: Record<string, () => () => void> = {
  'a chain of immediates': () => {
    let stopped = false;
    const chain = (): unknown => (stopped ? undefined : setImmediate(chain));
    chain();
    return () => (stopped = true);
  },
  'three chains of immediates': () => {
    let stopped = false;
    const chain = (): unknown => (stopped ? undefined : setImmediate(chain));
    for (let i = 0; i < 3; i++) chain();
    return () => (stopped = true);
  },
  'a chain of timers': () => {
    let stopped = false;
    const chain = (): unknown => (stopped ? undefined : setTimeout(chain, 0));
    chain();
    return () => (stopped = true);
  },
  'a chain of message ports': () => {
    const { port1, port2 } = new MessageChannel();
    Object.assign(port1, { onmessage: () => port2.postMessage(0) });
    port2.postMessage(0);
    return () => port1.close();
  },
  'an interval': () => {
    const timer = setInterval(() => undefined, 1);
    return () => clearInterval(timer);
  },
  'a leaked timer': () => {
    const timer = setTimeout(() => undefined, 60_000);
    return () => clearTimeout(timer);
  },
  'a socket left open': () => {
    const server = createServer().listen(0, '127.0.0.1');
    server.on('listening', () => connect((server.address() as AddressInfo).port, '127.0.0.1'));
    return () => (server.close(), server.closeAllConnections());
  },
  'a pending fetch': () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    server.on('listening', () => {
      fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).catch(() => undefined);
    });
    return () => (server.close(), server.closeAllConnections());
  },
  'a wait that failed': () => {
    const timer = setTimeout(() => undefined, 60_000);
    try {
      sync(new Promise(() => undefined), { timeout: 20 });
    } catch {
      // Its promise stays pending.
    }
    return () => clearTimeout(timer);
  },
};

describe('what the app left behind', () => {
  let bridge: InstalledBridge;

  before(() => {
    bridge = installBridge();
    bridge.running();
  });
  beforeEach(function () {
    parkTimerOf(this.currentTest);
  });
  after(() => bridge.uninstall());

  for (const [name, leave] of Object.entries(leftovers)) {
    it(`${name}: later waits work`, async () => {
      const end = await underHop(leave);
      await new Promise((resolve) => setTimeout(resolve, 10));

      const values: unknown[] = [];
      for (let test = 0; test < 3; test++) {
        values.push(
          await underHop(() => {
            const server = createServer((_, response) => response.end('body')).listen(0, '127.0.0.1');
            return [
              sync(Promise.resolve('resolved')),
              sync(new Promise((resolve) => setImmediate(resolve, 'immediate'))),
              sync(new Promise((resolve) => setTimeout(resolve, 2, 'timer'))),
              sync(async () => {
                await new Promise((resolve) => (server.listening ? resolve(0) : server.once('listening', resolve)));
                const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
                server.close();
                return response.text();
              }),
            ];
          }),
        );
      }
      end();

      expect(values).to.deep.equal(Array(3).fill(['resolved', 'immediate', 'timer', 'body']));
    });
  }
});
