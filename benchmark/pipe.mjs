// A thread that copies bytes between a client and the server and answers BEGIN and COMMIT itself, as a
// relay with one transaction for all has to: what any relay costs on this machine.
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

/** Starts it; clients come to the Unix socket `at`, the server's is `upstream`. */
export function startPipe(at, upstream) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { at, upstream } });
  return new Promise((resolve) => worker.once('message', () => resolve(() => worker.terminate())));
}

/** What a client sends that is answered here, with the answer. */
const OWN = ['BEGIN', 'COMMIT'].map((tag, place) => {
  const ready = message('Z', place === 0 ? 'T' : 'I');
  return { query: message('Q', `${tag}\0`), answer: Buffer.concat([message('C', `${tag}\0`), ready]) };
});

function message(letter, content) {
  const bytes = Buffer.from(`${letter}....${content}`, 'latin1');
  bytes.writeInt32BE(bytes.length - 1, 1);
  return bytes;
}

if (!isMainThread && workerData?.at !== undefined) {
  const { at, upstream } = workerData;
  rmSync(at, { force: true });
  const server = createServer((client) => {
    const far = connect(upstream);
    client.on('data', (chunk) => {
      const own = OWN.find(({ query }) => query.equals(chunk));
      if (own) client.write(own.answer);
      else far.write(chunk);
    });
    far.on('data', (chunk) => client.write(chunk));
    client.on('close', () => far.destroy());
    for (const end of [client, far]) end.on('error', () => undefined);
  });
  server.listen(at, () => parentPort.postMessage('listening'));
}
