// Opens a session and prints by which driver, as a process or a worker thread of its own.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';

import { openSession, type ConnectionParameters, type SessionDriver } from '#src/engine/postgres/session/index.js';

import { openSocketPipe } from './socket-pipe.js';

/** What is to be opened. */
export interface Wish {
  readonly connection: ConnectionParameters;
  readonly driver?: SessionDriver;
}

const { connection, driver } = (isMainThread ? JSON.parse(process.argv[2] ?? '') : workerData) as Wish;
const tell = (answer: object): void => {
  if (isMainThread) process.stdout.write(JSON.stringify(answer));
  else parentPort?.postMessage(answer);
};

try {
  const opened = openSession({
    connection,
    root: process.cwd(),
    openPipe: () => openSocketPipe(connection),
    ...(driver === undefined ? {} : { driver }),
  });
  opened.session.script("do $$ begin raise notice 'a notice'; raise warning 'a warning'; end $$");
  const { rows } = opened.session.execute('select 1 as one');
  opened.session.close();
  tell({ driver: opened.driver, rows });
} catch (error) {
  tell({ error: String(error) });
}
