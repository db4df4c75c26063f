import { pbkdf2 } from 'node:crypto';
import { open, rm, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { installBridge } from '#src/bridge/index.js';
import type { InstalledBridge } from '#src/bridge/install.js';
import { RequestError, SyncTimeoutError } from '#src/errors.js';
import { inFrame, thrownBy } from './frame.js';
import { EXPRESS, host, rejection, stopAll } from './frameworks.js';

const [, express] = EXPRESS[1]!;

describe('http client.settle', () => {
  let bridge: InstalledBridge;
  let done: string[] = [];
  const other = createServer((_request, response) => setTimeout(() => response.end('late'), 30));
  let url = '';
  before((ready) => {
    bridge = installBridge();
    bridge.running();
    other.listen(0, '127.0.0.1', () => {
      url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
      ready();
    });
  });
  after(() => {
    bridge.uninstall();
    other.closeAllConnections();
    other.close();
  });
  beforeEach(() => (done = []));
  afterEach(stopAll);

  function app(): unknown {
    const made = express();
    made.get('/timer', (_req, res) => {
      setTimeout(() => {
        done.push('first');
        setTimeout(() => done.push('second'), 10);
      }, 10);
      res.end();
    });
    made.get('/never', (_req, res) => {
      setInterval(() => undefined, 5).unref();
      setTimeout(() => done.push('too late'), 60_000).unref();
      const day = setTimeout(() => done.push('too late'), 60_000);
      res.on('close', () => setTimeout(() => clearTimeout(day), 100).unref());
      res.end();
    });
    made.get('/fetch', (_req, res) => {
      void fetch(url)
        .then((answer) => answer.text())
        .then((text) => done.push(text));
      res.end();
    });
    made.get('/http', (_req, res) => {
      get(url, (answer) => void answer.resume().on('end', () => done.push('http')));
      res.end();
    });
    made.get('/file', (_req, res) => {
      const file = join(tmpdir(), `lockstep-settle-${process.pid}`);
      void writeFile(file, 'x'.repeat(100_000))
        .then(() => rm(file))
        .then(() => done.push('file'));
      res.end();
    });
    made.get('/close', (_req, res, next) => {
      open(new URL(import.meta.url)).then((file) => {
        res.end();
        // Every thread of the pool is busy for many looks: the file cannot be closed before.
        for (let job = 0; job < 8; job++) pbkdf2('secret', 'salt', 50_000, 32, 'sha256', () => undefined);
        void file.close().then(() => done.push('closed'));
      }, next);
    });
    made.get('/mute', () => undefined);
    return made;
  }

  const works: [path: string, wanted: string[]][] = [
    ['/timer', ['first', 'second']],
    ['/never', []],
    ['/fetch', ['late']],
    ['/http', ['http']],
    ['/file', ['file']],
    ['/close', ['closed']],
  ];
  for (const [path, wanted] of works) {
    it(
      `waits for what ${path} left behind`,
      inFrame(() => {
        const { client } = host(app());
        expect(client.get(path).status).to.equal(200);
        if (wanted.length > 0) expect(done).not.to.deep.equal(wanted);
        client.settle();
        expect(done).to.deep.equal(wanted);
      }),
    );
  }

  it(
    'waits for transactions, and names what does not end',
    inFrame(() => {
      let open = ['transaction of sqlite3 connection 1 open, last SQL "BEGIN"'];
      const { client } = host(app(), { leftovers: () => open });
      const error = thrownBy(() => client.settle({ timeout: 30 }));
      expect(error).to.be.instanceOf(SyncTimeoutError);
      expect(error.message).to.match(
        /client\.settle: 30 ms later the app was not done: transaction of sqlite3 connection 1/,
      );
      setTimeout(() => (open = []), 5);
      client.settle();
      expect(thrownBy(() => client.settle({ timeout: -1 }))).to.be.instanceOf(RequestError);
    }),
  );

  it('names a request in flight', async () => {
    const made = host(app());
    void made.client.async.get('/mute').catch(() => undefined);
    const error = await rejection(made.client.async.settle({ timeout: 20 }));
    expect(error.message).to.match(/GET \/mute: no response after/);
    await made.endTest();
    await made.client.async.settle();
  });
});
