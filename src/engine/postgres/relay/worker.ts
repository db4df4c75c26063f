import { workerData } from 'node:worker_threads';
import type { WorkerData } from '../messages.js';
import { Relay } from './relay.js';

const relay = new Relay(workerData as WorkerData);

await relay.listen();
