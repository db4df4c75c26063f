// A thread that copies bytes between a client and the server and looks at none of them: what any relay
// costs on this machine.
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

/** Starts it; clients come to the Unix socket `at`, the server's is `upstream`. */
export function startPipe(at, upstream) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { at, upstream } });
  return new Promise((resolve) => worker.once('message', () => resolve(() => worker.terminate())));
}

if (!isMainThread && workerData?.at !== undefined) {
  const { at, upstream } = workerData;
  rmSync(at, { force: true });
  const server = createServer((client) => {
    const far = connect(upstream);
    client.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => client.write(chunk));
    client.on('close', () => far.destroy());
    for (const end of [client, far]) end.on('error', () => undefined);
  });
  server.listen(at, () => parentPort.postMessage('listening'));
}
