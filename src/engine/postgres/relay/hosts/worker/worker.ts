import { workerData } from 'node:worker_threads';
import { speakFor } from '../../../../../runner-words.js';
import type { Reply, WorkerData } from './messages.js';
import { Relay } from './relay.js';

const { replies, runner } = workerData as WorkerData;
speakFor(runner);
const relay = new Relay(workerData as WorkerData);

process.on('uncaughtExceptionMonitor', (error) => {
  replies.postMessage({ died: error.message } satisfies Reply);
});

await relay.listen();
