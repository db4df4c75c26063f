import { join } from 'node:path';
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';

import type { ConnectionParameters, Pipe } from '#src/engine/postgres/session/index.js';

/** A pipe to a real server's Unix socket, through a worker thread that pumps it. */
export function openSocketPipe({ host, port }: ConnectionParameters): Pipe {
  const channel = new MessageChannel();
  const arrived = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./socket-pump.js', import.meta.url), {
    workerData: { path: join(host, `.s.PGSQL.${port}`), port: channel.port2, arrived },
    transferList: [channel.port2],
  });
  worker.unref();

  return {
    write: (bytes) => channel.port1.postMessage(bytes),

    read(timeout) {
      const deadline = performance.now() + timeout;

      for (;;) {
        const seen = Atomics.load(arrived, 0);
        const received = receiveMessageOnPort(channel.port1) as { message: Uint8Array | string } | undefined;
        if (typeof received?.message === 'string') throw new Error(received.message);
        if (received !== undefined) return received.message;

        if (Atomics.wait(arrived, 0, seen, Math.max(deadline - performance.now(), 0)) === 'timed-out')
          throw new Error('the deadline has passed');
      }
    },

    close() {
      channel.port1.postMessage(undefined);
      channel.port1.close();
    },
  };
}
