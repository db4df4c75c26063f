// The worker's side of a socket pipe: moves bytes between a server's socket and a message port, and
// wakes the thread that waits for them.
import { createConnection } from 'node:net';
import { type MessagePort, workerData } from 'node:worker_threads';

const { path, port, arrived } = workerData as { path: string; port: MessagePort; arrived: Int32Array };
const socket = createConnection(path);

const tell = (message: Uint8Array | string): void => {
  port.postMessage(message);
  Atomics.add(arrived, 0, 1);
  Atomics.notify(arrived, 0);
};

socket.on('data', tell);
socket.on('error', (error) => tell(error.message));
socket.on('close', () => tell('the server closed the connection'));
port.on('message', (bytes: Uint8Array | undefined) => {
  if (bytes === undefined) {
    socket.end();
    port.close();
  } else {
    socket.write(bytes);
  }
});
