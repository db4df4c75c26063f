import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { expect } from 'chai';
import fastify from 'fastify';
import { NotRunningError } from '#src/errors.js';
import { createClient } from '#src/http/index.js';
import { host, rejection, stopAll } from './frameworks.js';

const run = promisify(execFile);

/** Runs a module in a process of its own, which has to end by itself within two seconds. */
async function output(code: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { timeout: 5000 });
  return stdout.trim();
}

const listener = (_request: IncomingMessage, response: ServerResponse): void => void response.end('ok');

describe('http lifecycle', () => {
  afterEach(stopAll);

  it('loads and starts the app once, at the first request', async () => {
    let loads = 0;
    const made = createClient({
      app: () => {
        loads += 1;
        return Promise.resolve(listener);
      },
    });
    expect(loads).to.equal(0);
    await Promise.all([made.client.async.get('/'), made.client.async.get('/'), made.start()]);
    await made.start();
    expect(loads).to.equal(1);
    await made.stop();
  });

  it("runs Fastify's start-up and shut-down hooks", async () => {
    const events: string[] = [];
    const app = fastify()
      .addHook('onReady', (done) => void (events.push('ready'), done()))
      .addHook('onClose', (_app, done) => void (events.push('close'), done()))
      .get('/', () => 'ok');
    const made = host(app);
    await made.client.async.get('/');
    expect(events).to.deep.equal(['ready']);
    await made.stop();
    await made.stop();
    expect(events).to.deep.equal(['ready', 'close']);
  });

  it('drives a server that listens already, and closes its port at the end', async () => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const made = host(server);
    expect((await made.client.async.get('/')).text).to.equal('ok');
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).to.equal('ok');

    await made.stop();
    const refused = await new Promise<NodeJS.ErrnoException>((resolve) =>
      connect(port, '127.0.0.1').on('error', resolve),
    );
    expect(refused.code).to.equal('ECONNREFUSED');
    expect(server.rawListeners('request')).to.deep.equal([listener]);
  });

  it('refuses requests after it was stopped', async () => {
    const made = createClient({ app: () => listener });
    await made.stop();
    expect(await rejection(made.client.async.get('/'))).to.be.instanceOf(NotRunningError);
  });

  it('ends a request that is in flight when it stops', async () => {
    const made = createClient({ app: () => (_request: IncomingMessage, _response: ServerResponse) => undefined });
    const outcome = rejection(made.client.async.get('/never'));
    await new Promise((resolve) => setImmediate(resolve));
    await made.stop();
    expect((await outcome).message).to.match(/GET \/never.*\n.*client was stopped/);
  });

  const apps: [string, string][] = [
    ['a listener', '(request, response) => response.end()'],
    ['Express', "(await import('express')).default().get('/', (req, res) => res.end())"],
    ['Fastify', "(await import('fastify')).default().get('/', () => 'ok')"],
    ['a listening server', "(await import('node:http')).createServer((req, res) => res.end()).listen(0)"],
  ];
  for (const [name, app] of apps) {
    it(`leaves nothing open that would keep the process alive: ${name}`, async () => {
      const code = `
        import { createClient } from '#src/http/index.js';
        const host = createClient({ app: async () => ${app} });
        await Promise.all([1, 2, 3].map(() => host.client.async.get('/')));
        await host.client.async.get('/', { timeout: 60_000 });
        await host.stop();
        console.log('stopped');
      `;
      expect(await output(code)).to.equal('stopped');
    }).timeout(10_000);
  }

  it('opens no port and keeps the process alive for no idle connection', async () => {
    const code = `
      import net from 'node:net';
      import { createClient } from '#src/http/index.js';
      for (const name of ['connect', 'listen']) {
        const owner = name === 'listen' ? net.Server.prototype : net.Socket.prototype;
        owner[name] = () => { throw new Error('a network blocker is active'); };
      }
      const { client } = createClient({ app: () => (request, response) => response.end('ok') });
      console.log((await client.async.get('/')).text);
    `;
    expect(await output(code)).to.equal('ok');
  }).timeout(10_000);

  it('works though nock was there first', async () => {
    const code = `
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      require('nock').disableNetConnect();
      const { createServer } = await import('node:http');
      const { WebSocketServer } = await import('ws');
      const { createClient } = await import('#src/http/index.js');
      const server = createServer((request, response) => response.end('ok'));
      new WebSocketServer({ server }).on('connection', (ws) => ws.send('hi'));
      const { client, stop } = createClient({ app: () => server });
      console.log((await client.async.get('/')).text, await (await client.async.ws('/')).receive());
      process.exit();
    `;
    expect(await output(code)).to.equal('ok hi');
  }).timeout(10_000);

  it('works while timers and clocks are faked', async () => {
    const { client } = host((_request: IncomingMessage, response: ServerResponse) => void response.end('ok'));
    const real = { setTimeout, setImmediate, clearTimeout, now: performance.now.bind(performance) };
    const never = (() => ({ unref: () => undefined })) as never;
    try {
      Object.assign(globalThis, { setTimeout: never, setImmediate: never, clearTimeout: never });
      performance.now = () => 0;
      for (let i = 0; i < 3; i++) expect((await client.async.get('/', { timeout: 1000 })).elapsed).to.be.greaterThan(0);
    } finally {
      const { now, ...timers } = real;
      Object.assign(globalThis, timers);
      performance.now = now;
    }
  });
});
