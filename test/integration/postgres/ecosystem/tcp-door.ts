import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP address that leads to a Unix socket. */
export interface TcpDoor {
  readonly port: number;
  close(): void;
}

/** For postgres.js, MikroORM and Slonik, which take no socket from a URL. */
export async function openTcpDoor(path: string): Promise<TcpDoor> {
  const open = new Set<Socket>();
  const server = createServer((outside) => {
    const inside = connect(path);
    for (const [one, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      open.add(one);
      one.setNoDelay(true);
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    outside.pipe(inside).pipe(outside);
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
