import { expect } from 'chai';
import { MemorySocket } from '#src/http/memory/socket.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function collect(socket: MemorySocket): { text: () => string; events: string[] } {
  const chunks: Buffer[] = [];
  const events: string[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const event of ['end', 'finish', 'close', 'timeout']) socket.on(event, () => events.push(event));
  socket.on('error', (error: NodeJS.ErrnoException) => events.push(`error ${error.code ?? error.message}`));
  return { text: () => Buffer.concat(chunks).toString(), events };
}

describe('http/memory/socket', () => {
  it('carries bytes both ways, never within the call that sends them', async () => {
    const { client, server } = MemorySocket.pair();
    const [atClient, atServer] = [collect(client), collect(server)];

    client.write('ping');
    expect(atServer.text()).to.equal('');
    server.write('pong');
    await turn();

    expect(atServer.text()).to.equal('ping');
    expect(atClient.text()).to.equal('pong');
    expect([client.bytesWritten, client.bytesRead]).to.deep.equal([4, 4]);
  });

  it('sends what was corked as one piece', async () => {
    const { client, server } = MemorySocket.pair();
    const sizes: number[] = [];
    server.on('data', (chunk: Buffer) => sizes.push(chunk.length));

    client.cork();
    client.write('ab');
    client.write('cd');
    client.write('e');
    client.uncork();
    await turn();

    expect(sizes).to.deep.equal([5]);
  });

  it('holds the sender back while the receiver does not read', async () => {
    const { client, server } = MemorySocket.pair();
    const piece = Buffer.alloc(64 * 1024, 'x');
    let sent = 0;
    while (sent < 100 && client.write(piece)) sent += 1;
    await turn();
    while (sent < 100 && client.write(piece)) sent += 1;
    await turn();
    expect(sent).to.be.lessThan(10);
    expect(server.readableLength).to.be.lessThan(3 * piece.length);

    let drained = false;
    client.once('drain', () => (drained = true));
    server.resume();
    await turn();
    expect(drained).to.equal(true);
  });

  it('lets a half-open end answer after the other has ended', async () => {
    const { client, server } = MemorySocket.pair();
    const [atClient, atServer] = [collect(client), collect(server)];

    client.end('last words');
    await turn();
    expect(atServer.events).to.include('end');
    expect(server.writable).to.equal(true);

    server.end('answer');
    await turn();
    await turn();
    expect(atClient.text()).to.equal('answer');
    expect(atClient.events).to.include.members(['end', 'finish', 'close']);
    expect(atServer.events).to.include.members(['end', 'finish', 'close']);
    expect([...atClient.events, ...atServer.events].join()).not.to.match(/error/);
  });

  it('delivers what was sent before destroySoon, then ends', async () => {
    const { client, server } = MemorySocket.pair();
    const atClient = collect(client);
    server.resume();

    server.write('whole answer');
    server.destroySoon();
    await turn();

    expect(atClient.text()).to.equal('whole answer');
    expect(atClient.events).to.include('end');
  });

  const hangUps: [string, (socket: MemorySocket) => void][] = [
    ['destroy()', (socket) => socket.destroy()],
    ['destroy(error)', (socket) => socket.on('error', () => undefined).destroy(new Error('mine'))],
  ];
  for (const [name, hangUp] of hangUps) {
    it(`${name} is an end to a reader, and EPIPE to whoever writes afterwards`, async () => {
      const { client, server } = MemorySocket.pair();
      const atServer = collect(server);

      hangUp(client);
      await turn();
      expect(atServer.events).to.deep.equal(['end']);

      server.write('too late');
      await turn();
      expect(atServer.events).to.include('error EPIPE').and.to.include('close');
    });

    it(`${name} is ECONNRESET to an end that is not reading`, async () => {
      const { client, server } = MemorySocket.pair();
      const atServer = collect(server);
      server.pause();

      hangUp(client);
      await turn();

      expect(atServer.events).to.deep.equal(['error ECONNRESET', 'close']);
    });

    it(`${name} ends a write that waits for the reader`, async () => {
      const { client, server } = MemorySocket.pair();
      const atServer = collect(server);
      server.write(Buffer.alloc(1024 * 1024));
      server.write(Buffer.alloc(1024));
      await turn();

      hangUp(client);
      await turn();

      expect(atServer.events.join()).to.match(/error (ECONNRESET|EPIPE)/);
      expect(server.destroyed).to.equal(true);
    });
  }

  it('resetAndDestroy() is ECONNRESET to the other end', async () => {
    const { client, server } = MemorySocket.pair();
    const atServer = collect(server);

    client.resetAndDestroy();
    await turn();

    expect(atServer.events).to.deep.equal(['error ECONNRESET', 'close']);
  });

  it('emits timeout after the idle time, is kept awake by traffic, and stops at 0', async () => {
    const { client, server } = MemorySocket.pair();
    const { events } = collect(client);
    server.resume();

    client.setTimeout(40);
    await new Promise((resolve) => setTimeout(resolve, 25));
    client.write('still here');
    await new Promise((resolve) => setTimeout(resolve, 25));
    expect(events).to.deep.equal([]);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(events).to.deep.equal(['timeout']);

    client.setTimeout(10);
    client.setTimeout(0);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(events).to.deep.equal(['timeout']);
  });

  it('looks like a TCP socket to a framework', () => {
    const { client, server } = MemorySocket.pair();
    const secure = MemorySocket.pair({ encrypted: true });

    expect(server.remoteAddress).to.equal('127.0.0.1');
    expect(server.remotePort).to.equal(client.localPort).and.to.be.greaterThan(49_000);
    expect(server.address()).to.deep.equal({ address: '127.0.0.1', family: 'IPv4', port: 80 });
    expect(server.readyState).to.equal('open');
    expect(server.setNoDelay().setKeepAlive().ref().unref()).to.equal(server);
    expect(server.encrypted).to.equal(undefined);
    expect(secure.server.encrypted).to.equal(true);
    expect(secure.server.localPort).to.equal(443);
  });
});
