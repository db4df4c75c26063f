// What a wait costs, beside awaiting the same, and what it costs to wait for nothing.
import { Agent, createServer, get } from 'node:http';
import { sync } from '#src/index.js';
import { inTurns, median, report, timeAsync, timeSync } from './measure.mjs';
import { underHop } from './under-hop.mjs';

const TIMES = 5000;
const REQUESTS = 500;
const immediate = () => new Promise((resolve) => setImmediate(resolve));

export default async function bridge() {
  const [resolved, resolvedPeer, turn, turnPeer] = await inTurns([
    () => underHop(() => timeSync(() => sync(Promise.resolve()), TIMES)),
    () => timeAsync(() => Promise.resolve(), TIMES),
    () => underHop(() => timeSync(() => sync(immediate()), TIMES)),
    () => timeAsync(immediate, TIMES),
  ]);

  report('sync(a resolved promise)', resolved, resolvedPeer, 'await', 'µs', '≤ 3 µs');
  report('sync(setImmediate)', turn, turnPeer, 'await', 'µs', '≤ 8 µs');
  await requests();
  await idle();
  await deadlock();
}

/** Over TCP with keep-alive, server and client in this process. */
async function requests() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const server = createServer((request, response) => response.end('body')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));

  const { port } = server.address();
  const request = () =>
    new Promise((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
    });
  const [ours, peer] = await inTurns([
    () => underHop(() => timeSync(() => sync(request()), REQUESTS)),
    () => timeAsync(request, REQUESTS),
  ]);
  agent.destroy();
  server.close();

  report('sync(an HTTP request over TCP, keep-alive)', ours, peer, 'await', 'µs', '≤ 1.2x');
}

/** The part of a processor that a wait of one second takes. */
async function idle() {
  const second = () => new Promise((resolve) => setTimeout(resolve, 1000));
  const parts = { ours: [], peer: [] };

  for (let round = 0; round < 3; round++) {
    parts.ours.push(await underHop(() => cpuOf(() => sync(second()))));
    parts.peer.push(await cpuOfAsync(second));
  }
  const [ours, peer] = [median(parts.ours), median(parts.peer)];
  report('processor time while waiting 1 s', ours, Math.max(peer, 0.01), 'await', '%', '≤ 3 %');
}

/** Until a wait that nothing can end is told to be one. */
async function deadlock() {
  const [ours, peer] = await inTurns([
    () =>
      underHop(
        () =>
          timeSync(
            failing(() => sync(new Promise(() => {}))),
            5,
          ) / 1000,
      ),
    () => underHop(() => timeSync(() => sync(new Promise((resolve) => setTimeout(resolve, 20))), 5) / 1000),
  ]);

  report('until a deadlock is told', ours, peer, 'a wait of 20 ms', 'ms', '≤ 1.0x');
}

function failing(fn) {
  return () => {
    try {
      fn();
    } catch (error) {
      if (error.code === 'LOCKSTEP_DEADLOCK') return;
      throw error;
    }
    throw new Error('nothing was thrown');
  };
}

function cpuOf(fn) {
  const before = process.cpuUsage();
  fn();
  return percent(process.cpuUsage(before));
}

async function cpuOfAsync(fn) {
  const before = process.cpuUsage();
  await fn();
  return percent(process.cpuUsage(before));
}

function percent({ user, system }) {
  return (user + system) / 10_000;
}
