import { rmSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { WorkerData } from '../messages.js';
import { Relay } from './relay.js';

const data = workerData as WorkerData;
const relay = new Relay(data);

process.on('exit', () => rmSync(data.socket, { force: true }));
await relay.listen();
