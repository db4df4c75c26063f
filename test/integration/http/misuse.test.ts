// What needs a client or an open session to be misused; single requests are in test/unit/http/misuse.test.ts.
import { createServer } from 'node:http';
import { expect } from 'chai';
import { WebSocketServer } from 'ws';
import { installBridge } from '#src/bridge/index.js';
import type { InstalledBridge } from '#src/bridge/install.js';
import { RequestError } from '#src/errors.js';
import { inFrame, thrownBy } from './frame.js';
import { host, rejection, stopAll } from './frameworks.js';

function app(): unknown {
  const server = createServer((request, response) => {
    if (request.url === '/events') response.setHeader('content-type', 'text/event-stream');
    response.write('data: 1\n\n');
  });
  new WebSocketServer({ server });
  return server;
}

const circular: Record<string, unknown> = {};
circular['self'] = circular;

/** Untyped calls, as JavaScript may write them. */
/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call -- the point is what the types refuse */
const refused: [name: string, act: (client: any) => unknown, ...says: RegExp[]][] = [
  ['a misspelt option of a stream', (c) => c.stream('/', { heders: {} }), /client\.stream: .*"heders"/, /headers\?/],
  ['options of a stream that are null', (c) => c.stream('/', null), /client\.stream: the options are null/],
  ['openapi for a stream', (c) => c.stream('/', { openapi: false }), /client\.stream: there is no option "openapi"/],
  ['a stream with headers in a string', (c) => c.stream('/', { headers: 'a: b' }), /headers is "a: b"/],
  ['a stream with a method that is none', (c) => c.stream('/', { method: 'G T' }), /the method is "G T"/],
  ['a stream with GET and a body', (c) => c.stream('/', { method: 'GET', body: 'a' }), /GET request cannot have body/],
  ['a stream of circular JSON', (c) => c.stream('/', { json: circular }), /json cannot be written as JSON/],
  ['a stream with a signal that is none', (c) => c.stream('/', { signal: 5 }), /signal is 5/],
  ['a line break in the URL of a stream', (c) => c.stream('/\r\nA: b'), /control character/],
  ['a size that is negative', (c) => c.stream('/').read(-1), /read\(\) of GET \/: the size is -1/],
  ['a size that is text', (c) => c.stream('/').read('5'), /the size is "5"/],
  ['a timeout in words', (c) => c.stream('/').next({ timeout: '5s' }), /next\(\) of GET \/: timeout is "5s"/],
  ['a misspelt option of a wait', (c) => c.stream('/').next({ timeot: 5 }), /"timeot"/, /Did you mean timeout\?/],
  ['a misspelt option of events', (c) => c.sse('/events', { heders: {} }), /client\.sse: .*"heders"/],
  [
    'a line break in a header of events',
    (c) => c.sse('/events', { headers: { 'last-event-id': 'a\nb' } }),
    /header last-event-id contains a line break/,
  ],
  [
    'a number for the options of a wait',
    (c) => c.sse('/events').next(5),
    /next\(\) of GET \/events: the options are 5/,
  ],
  ['a misspelt option of a WebSocket', (c) => c.ws('/', { protocol: 'a' }), /"protocol"/, /Did you mean protocols\?/],
  ['options of a WebSocket that are null', (c) => c.ws('/', null), /client\.ws: the options are null/],
  ['a body for a WebSocket', (c) => c.ws('/', { json: 1 }), /client\.ws: there is no option "json"/],
  ['redirects for a WebSocket', (c) => c.ws('/', { followRedirects: true }), /no option "followRedirects"/],
  ['a WebSocket without URL', (c) => c.ws(undefined), /the URL is undefined/],
  ['a WebSocket of another protocol', (c) => c.ws('ftp://localhost/'), /is not a URL/],
  ['a subprotocol with a line break', (c) => c.ws('/', { protocols: 'a\r\nb' }), /subprotocol/],
  ['a subprotocol given twice', (c) => c.ws('/', { protocols: ['a', 'a'] }), /protocols has one of them twice/],
  ['a subprotocol that is a number', (c) => c.ws('/', { protocols: [5] }), /protocols contains 5/],
  ['a message that is an object', (c) => c.ws('/').send({}), /send was given an object/, /sendJson/],
  ['a message of circular JSON', (c) => c.ws('/').sendJson(circular), /sendJson was given what cannot be/],
  ['a message that JSON cannot express', (c) => c.ws('/').sendJson(undefined), /sendJson was given undefined/],
  ['a close code that is reserved', (c) => c.ws('/').close(1005), /close\(1005/, /3000 to 4999/],
  ['a reason that is too long', (c) => c.ws('/').close(1000, 'x'.repeat(124)), /123 bytes/],
  ['a misspelt option of receive', (c) => c.ws('/').receive({ timout: 5 }), /receive\(\) of WebSocket \/.*"timout"/],
  ['a misspelt option of settle', (c) => c.settle({ timout: 5 }), /client\.settle: .*"timout"/, /timeout\?/],
  ['options of settle that are null', (c) => c.settle(null), /client\.settle: the options are null/],
  ['settle with a timeout of 0', (c) => c.settle({ timeout: 0 }), /client\.settle: timeout is 0/],
  ['a misspelt option of a cookie', (c) => c.cookies.set('a', 'b', { pth: '/' }), /"pth"/, /Did you mean path\?/],
  ['a cookie with a line break', (c) => c.cookies.set('a', 'b\r\n'), /cookie a contains/],
  ['a cookie with a path that is none', (c) => c.cookies.set('a', 'b', { path: 5 }), /the path of a is 5/],
];

describe('http misuse of clients and sessions is refused by name', () => {
  let bridge: InstalledBridge;
  before(() => {
    bridge = installBridge();
    bridge.running();
  });
  after(() => bridge.uninstall());
  afterEach(stopAll);

  for (const [name, act, ...says] of refused) {
    it(
      name,
      inFrame(() => {
        const error = thrownBy(() => act(host(app()).client));
        expect(error, error.message).to.be.instanceOf(RequestError);
        for (const text of says) expect(error.message).to.match(text);
      }),
    );
  }

  it('in the same way where it is awaited', async () => {
    const client = host(app()).client.async as any;
    const stream = await client.stream('/');
    const calls = [
      client.stream('/', { heders: {} }),
      client.ws('/', { protocol: 'a' }),
      client.settle({ timout: 5 }),
      stream.next({ timeot: 5 }),
      stream.read(-1),
    ];
    for (const call of calls) expect(await rejection(call as Promise<unknown>)).to.be.instanceOf(RequestError);
  });
});
