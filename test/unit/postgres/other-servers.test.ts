import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';
import { expect } from 'chai';
import { serialize } from 'pg-protocol';
import { isOurs, otherServers } from '#src/engine/postgres/other-servers.js';
import { watchConnect } from '#src/engine/postgres/relay/hosts/watch-connect.js';

const GSSENC_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30]);
/** Protocol 3.2, of Postgres 18. */
const NEWER = Buffer.from('\0\0\0\x12\0\x03\0\x02user\0ada\0\0', 'latin1');

describe('other servers of Postgres', () => {
  let server: Server;
  let received: Buffer[];
  let stop: () => void;
  let before: readonly string[];

  beforeEach(async () => {
    received = [];
    before = otherServers();
    server = createServer((socket) =>
      socket.on('data', (chunk: Buffer) => received.push(chunk)).on('end', () => socket.end()),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    stop = watchConnect({ port: 1, path: undefined, connecting: () => false });
  });
  afterEach(() => {
    stop();
    server.close();
  });

  const address = (): string => `127.0.0.1:${port()}`;
  const port = (): number => (server.address() as AddressInfo).port;

  async function sent(chunks: readonly (Buffer | string)[], socket = new Socket()): Promise<void> {
    socket.connect(port(), '127.0.0.1');
    for (const chunk of chunks) socket.write(chunk);
    socket.resume().end();
    await once(socket, 'close');
    // Whatever is watched, all of it arrives.
    expect(Buffer.concat(received).toString('latin1')).to.equal(
      Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString('latin1'),
    );
  }

  const clients: readonly (readonly [string, Buffer])[] = [
    ['a start', serialize.startup({ user: 'ada', database: 'notes' })],
    ['a start of a newer protocol', NEWER],
    ['a wish for encryption', serialize.requestSsl()],
    ['a wish for encryption by GSSAPI', GSSENC_REQUEST],
  ];
  for (const [name, bytes] of clients) {
    it(`are told by ${name}, also when the connection is closed`, async () => {
      await sent([bytes, Buffer.from('more')]);
      expect(otherServers()).to.include(address());
    });
  }

  const others: readonly (readonly [string, readonly (Buffer | string)[]])[] = [
    ['a text', ['GET / HTTP/1.1\r\n\r\n']],
    ['bytes of another protocol', [Buffer.from('*1\r\n$4\r\nPING\r\n')]],
    ['a request to cancel', [serialize.cancel(1, 2)]],
    ['a part of a start', [serialize.startup({ user: 'ada' }).subarray(0, 12)]],
    ['a start that comes later', ['hello', serialize.startup({ user: 'ada' })]],
  ];
  for (const [name, chunks] of others) {
    it(`are not told by ${name}`, async () => {
      await sent(chunks);
      expect(otherServers()).to.deep.equal(before);
    });
  }

  it("are not told by Lockstep's own connections", async () => {
    const socket = new Socket();
    isOurs(socket);
    await sent([serialize.requestSsl()], socket);
    expect(otherServers()).to.deep.equal(before);
  });

  it('are not told by a client that finds nobody', async () => {
    const socket = connect(2, '127.0.0.1');
    socket.write(serialize.requestSsl());
    await once(socket, 'error');
    expect(otherServers()).to.deep.equal(before);
  });

  it('leave a socket as it was once it has written', async () => {
    const socket = connect(port(), '127.0.0.1');
    expect(Object.hasOwn(socket, 'write')).to.equal(true);
    socket.write('one');
    expect(Object.hasOwn(socket, 'write')).to.equal(false);
    socket.resume().end();
    await once(socket, 'close');
  });

  it('leave what somebody else has put on top', async () => {
    const seen: unknown[] = [];
    const socket = connect(port(), '127.0.0.1');
    const below = socket.write.bind(socket) as (chunk: unknown) => boolean;
    const above = ((chunk: unknown) => seen.push(chunk) > 0 && below(chunk)) as typeof socket.write;
    socket.write = above;
    socket.write(serialize.requestSsl());
    socket.write('more');
    expect([seen.length, Object.hasOwn(socket, 'write')]).to.deep.equal([2, true]);
    socket.resume().end();
    await once(socket, 'close');
    expect(otherServers()).to.include(address());
  });
});
