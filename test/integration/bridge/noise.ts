import { stat } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';

/**
 * Keeps the event loop busy, so that in each of its turns other callbacks run before and behind the
 * one that matters. Returns what ends it.
 */
export async function makeNoise(): Promise<() => void> {
  let stopped = false;
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));

  const { port } = server.address() as AddressInfo;
  const sockets = Array.from({ length: 4 }, () => connect(port, '127.0.0.1'));
  for (const socket of sockets) socket.on('error', () => undefined).on('data', (data) => socket.write(data));
  for (const socket of sockets) socket.write('x');

  function file(): void {
    if (!stopped) stat('.', file);
  }
  function timer(): void {
    if (!stopped) setTimeout(timer, 1);
  }
  file();
  timer();

  return () => {
    stopped = true;
    for (const socket of sockets) socket.destroy();
    server.close();
  };
}
