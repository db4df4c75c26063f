// Many requests in one process: no port is opened and the heap stays flat; 100 at a time take as long
// as they take when they are awaited.
import { readdirSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import express from 'express';
import { createClient } from '#src/http/index.js';
import { inTurns, report } from './measure.mjs';
import { underHop } from './under-hop.mjs';

const REQUESTS = 20_000;
const AT_A_TIME = 100;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

export default async function client() {
  const app = express();
  app.use(express.json());
  app.get('/', (req, res) => res.json({ hello: 'world' }));
  app.post('/', (req, res) => res.cookie('n', req.body.n).json(req.body));
  const host = createClient({ app: () => app });
  await host.start();

  await many(host);
  await atOnce(host);
  await host.stop();
}

async function many(host) {
  const heaps = [];
  await underHop(() => exchange(host, 2000));

  const sockets = openSockets();
  let opened = 0;
  for (let round = 0; round < 10; round++) {
    heaps.push(heap());
    await underHop(() => exchange(host, REQUESTS / 10));
    opened = Math.max(opened, openSockets() - sockets);
  }
  report(`heap after ${REQUESTS} requests`, heap() / 1e6, heaps[0] / 1e6, 'before', 'MB', '≤ 1.2x');
  console.log(`${`sockets opened by ${REQUESTS} requests`.padEnd(46)} ${String(opened).padStart(6)}    wanted 0`);
}

function exchange({ client }, times) {
  for (let n = 0; n < times; n += 2) {
    client.get('/').expect(200);
    client.post('/', { json: { n } }).expect(200);
  }
}

async function atOnce(host) {
  const { client } = host;
  const works = Array.from({ length: AT_A_TIME }, () => () => client.get('/'));
  const [ours, awaited] = await inTurns([
    () => underHop(() => timed(() => client.all(...works))),
    async () => {
      const start = performance.now();
      await Promise.all(works.map(() => client.async.get('/')));
      return performance.now() - start;
    },
  ]);
  report(`client.all of ${AT_A_TIME}`, ours, awaited, 'await Promise.all', 'ms', '≤ 1.5x');
}

function timed(fn) {
  const start = performance.now();
  fn();
  return performance.now() - start;
}

function heap() {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

/** Sockets that this process has open, where the system tells. */
function openSockets() {
  try {
    return readdirSync('/proc/self/fd').filter((fd) => isSocket(fd)).length;
  } catch {
    return 0;
  }
}

function isSocket(fd) {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
  } catch {
    return false;
  }
}
