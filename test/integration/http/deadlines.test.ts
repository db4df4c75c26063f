// Each wait of the client ends by itself, with an error that says who waits for whom.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { WebSocketServer } from 'ws';
import { installBridge } from '#src/bridge/index.js';
import type { InstalledBridge } from '#src/bridge/install.js';
import { AppError, DeadlockError, RequestError, SyncTimeoutError } from '#src/errors.js';
import type { Client, ClientHost } from '#src/http/index.js';
import { inFrame, thrownBy } from './frame.js';
import { host, rejection, stopAll } from './frameworks.js';

const never = new Promise<never>(() => undefined);

function app(): unknown {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { url = '' } = request;
    if (url.startsWith('/body')) response.write('begun');
    if (url.startsWith('/events')) response.setHeader('content-type', 'text/event-stream').write('data: 1\n\n');
    if (url.startsWith('/loop')) response.writeHead(302, { location: '/loop' }).end();
  });
  const wss = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    if (!request.url?.startsWith('/mute')) wss.handleUpgrade(request, socket, head, () => undefined);
  });
  return server;
}

/** Larger than what connections and parsers hold, so that it ends only when somebody reads it. */
function upload(): Readable {
  return Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(64 * 1024)));
}

const waits: [name: string, says: RegExp, inPlace: (client: Client) => unknown, awaited: AwaitedCall][] = [
  [
    'a handler that never answers',
    /GET \/mute: no response after \d+ ms/,
    (client) => client.get('/mute'),
    (client, timeout) => client.async.get('/mute', { timeout }),
  ],
  [
    'a body that never ends',
    /GET \/body: status 200 arrived, the body has not ended/,
    (client) => client.get('/body'),
    (client, timeout) => client.async.get('/body', { timeout }),
  ],
  [
    'an upload that nobody reads',
    /POST \/mute: no response after \d+ ms/,
    (client) => client.post('/mute', { body: upload() }),
    (client, timeout) => client.async.post('/mute', { body: upload(), timeout }),
  ],
  [
    'a streamed answer whose head does not come',
    /GET \/mute: no response after \d+ ms/,
    (client) => client.stream('/mute'),
    (client, timeout) => client.async.stream('/mute', { timeout }),
  ],
  [
    'a streamed answer that does not go on',
    /GET \/body \(status 200, 5 bytes so far\): read\(\) has waited for \d+ ms/,
    (client) => client.stream('/body').read(),
    async (client, timeout) => (await client.async.stream('/body')).read(undefined, { timeout }),
  ],
  [
    'events that do not come',
    /GET \/events \(status 200, 9 bytes so far\): next\(\) has waited for \d+ ms/,
    (client) => [...client.sse('/events')],
    async (client, timeout) => {
      const events = await client.async.sse('/events');
      await events.next();
      return events.next({ timeout });
    },
  ],
  [
    'a handshake without an answer',
    /WebSocket \/mute: no answer to the handshake after \d+ ms/,
    (client) => client.ws('/mute'),
    (client, timeout) => client.async.ws('/mute', { timeout }),
  ],
  [
    'a WebSocket that sends nothing',
    /WebSocket \/quiet \(0 messages so far\): receive\(\) has waited for \d+ ms/,
    (client) => client.ws('/quiet').receive(),
    async (client, timeout) => (await client.async.ws('/quiet')).receive({ timeout }),
  ],
  [
    'a WebSocket that does not close',
    /WebSocket \/quiet \(0 messages so far\): receiveClose\(\) has waited for \d+ ms/,
    (client) => client.ws('/quiet').receiveClose(),
    async (client, timeout) => (await client.async.ws('/quiet')).receiveClose({ timeout }),
  ],
];
type AwaitedCall = (client: Client, timeout: number) => Promise<unknown>;

/** The calls that start the app, when it was not. */
const starters: [name: string, inPlace: (client: Client) => unknown, awaited: AwaitedCall][] = [
  ['GET /x', (client) => client.get('/x'), (client, timeout) => client.async.get('/x', { timeout })],
  ['GET /s', (client) => client.stream('/s'), (client, timeout) => client.async.stream('/s', { timeout })],
  ['GET /e', (client) => client.sse('/e'), (client, timeout) => client.async.sse('/e', { timeout })],
  ['WebSocket /w', (client) => client.ws('/w'), (client, timeout) => client.async.ws('/w', { timeout })],
];

describe('http deadlines', () => {
  let bridge: InstalledBridge;
  before(() => {
    bridge = installBridge();
    bridge.running();
  });
  after(() => bridge.uninstall());
  afterEach(stopAll);

  for (const [name, says, inPlace, awaited] of waits) {
    it(
      `${name}: in place`,
      inFrame(() => {
        const error = thrownBy(() => inPlace(host(app()).client));
        expect(error, error.message).to.be.instanceOf(DeadlockError);
        expect(error.message).to.match(says);
      }),
    );

    it(
      `${name}: in place, while the app is busy with something else`,
      inFrame(() => {
        const other = setInterval(() => undefined, 5);
        const error = thrownBy(() => inPlace(host(app(), { timeout: 150 }).client));
        clearInterval(other);
        expect(error, error.message).to.be.instanceOf(SyncTimeoutError);
        expect(error.message).to.match(says);
      }),
    );

    it(`${name}: awaited`, async () => {
      const error = await rejection(awaited(host(app()).client, 60));
      expect(error, error.message).to.be.instanceOf(SyncTimeoutError);
      expect(error.message).to.match(says);
    });
  }

  it(
    'redirects in a circle, also of a stream',
    inFrame(() => {
      const { client } = host(app());
      for (const call of [() => client.get('/loop'), () => client.stream('/loop')]) {
        const error = thrownBy(call);
        expect(error).to.be.instanceOf(RequestError);
        expect(error.message).to.match(/GET \/loop: more than 20 redirects/);
      }
    }),
  );

  describe('of an app that does not start', () => {
    const stuck: ClientHost[] = [];
    function unstarted(): ClientHost {
      const made = host(() => never, { remaining: () => 60 });
      stuck.push(made);
      return made;
    }
    afterEach(async () => {
      for (const made of stuck.splice(0)) await rejection(made.stop());
    });

    for (const [name, inPlace, awaited] of starters) {
      const says = new RegExp(`${name}: the app is still starting after \\d+ ms`);

      it(
        `${name}: in place`,
        inFrame(() => {
          const made = unstarted();
          const error = thrownBy(() => inPlace(made.client));
          expect(error, error.message).to.be.instanceOf(DeadlockError);
          expect(error.message).to.match(says);
        }),
      );

      it(`${name}: awaited`, async () => {
        const made = unstarted();
        const error = await rejection(awaited(made.client, 30));
        expect(error, error.message).to.be.instanceOf(SyncTimeoutError);
        expect(error.message).to.match(says);
        expect(await made.endTest()).to.deep.equal([]);
      });

      it(`${name}: given up by the end of its test`, async () => {
        const made = unstarted();
        const outcome = rejection(awaited(made.client, 60_000));
        const [sentence] = await made.endTest();
        expect(sentence).to.match(says);
        expect(await outcome).to.be.instanceOf(RequestError);
      });
    }

    it('is said when the run ends', async () => {
      const made = host(() => never, { remaining: () => 60 });
      await rejection(made.client.async.get('/x', { timeout: 5 }));
      const error = await rejection(made.stop());
      expect(error).to.be.instanceOf(AppError);
      expect(error.message).to.match(/The app was still starting when the run ended, and 10 ms later/);
    });
  });

  it('of an app that does not stop', async () => {
    const made = host({ app: app(), lifespan: { stop: () => never } }, { remaining: () => 60 });
    await made.start();
    const error = await rejection(made.stop());
    expect(error).to.be.instanceOf(AppError);
    expect(error.message).to.match(/The app has not stopped after 10 ms/);
  });

  describe('of a signal', () => {
    it(
      'end the wait for the head of a stream, and a read of it',
      inFrame(() => {
        const { client } = host(app());
        expect(thrownBy(() => client.stream('/mute', { signal: AbortSignal.timeout(20) })).name).to.equal(
          'TimeoutError',
        );
        const stream = client.stream('/body', { signal: AbortSignal.timeout(30) });
        expect(stream.next()?.toString()).to.equal('begun');
        expect(thrownBy(() => stream.next()).name).to.equal('TimeoutError');
        expect(thrownBy(() => stream.read()).name).to.equal('TimeoutError');
      }),
    );

    it('that was aborted before sends nothing', async () => {
      const reason = new Error('gone');
      const signal = AbortSignal.abort(reason);
      const { client } = host(app());
      expect(await rejection(client.async.stream('/body', { signal }))).to.equal(reason);
      expect(await rejection(client.async.sse('/events', { signal }))).to.equal(reason);
    });
  });
});
