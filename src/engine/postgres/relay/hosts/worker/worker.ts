import { workerData } from 'node:worker_threads';
import type { Reply, WorkerData } from './messages.js';
import { Relay } from './relay.js';

const { replies } = workerData as WorkerData;
const relay = new Relay(workerData as WorkerData);

process.on('uncaughtExceptionMonitor', (error) => {
  replies.postMessage({ died: error.message } satisfies Reply);
});

await relay.listen();
