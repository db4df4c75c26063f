import { AsyncResource } from 'node:async_hooks';
import { execFile, spawn } from 'node:child_process';
import { pbkdf2, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import { EventEmitter } from 'node:events';
import * as fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { PassThrough, pipeline, Readable, Transform } from 'node:stream';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { MessageChannel, Worker } from 'node:worker_threads';
import { brotliCompress, createGzip, deflate } from 'node:zlib';

/** Throws the app's error; given to Node as a callback. */
export type Boom = (...args: unknown[]) => never;

const here = new URL(import.meta.url);
const pause = promisify(setTimeout);

/** Every way in which Node can run a callback of the app that throws. */
export const sources: Record<string, (boom: Boom) => unknown> = {
  // Node's own queues
  timer: (boom) => setTimeout(boom, 1),
  'a timer in a list of others': (boom) => {
    setTimeout(() => undefined, 1);
    setTimeout(boom, 1);
    setTimeout(() => undefined, 1);
  },
  interval: (boom) => {
    const timer = setInterval(() => {
      clearInterval(timer);
      boom();
    }, 1);
  },
  immediate: (boom) => setImmediate(boom),
  'an immediate in a batch': (boom) => {
    setImmediate(() => undefined);
    setImmediate(boom);
    setImmediate(() => undefined);
  },
  nextTick: (boom) => process.nextTick(boom),
  'nextTick in a timer': (boom) => setTimeout(() => process.nextTick(boom), 1),
  'nextTick in an immediate': (boom) => setImmediate(() => process.nextTick(boom)),
  'nextTick in a microtask': (boom) => queueMicrotask(() => process.nextTick(boom)),
  microtask: (boom) => queueMicrotask(boom),
  'a microtask in a timer': (boom) => setTimeout(() => queueMicrotask(boom), 1),
  rejection: (boom) => void Promise.resolve().then(boom),
  'a rejection in a timer': (boom) => setTimeout(() => void Promise.resolve().then(boom), 1),
  'an async function': (boom) =>
    void (async () => {
      await pause(1);
      boom();
    })(),

  // Events
  'an EventEmitter without a listener of error': (boom) =>
    setTimeout(() => new EventEmitter().emit('error', caught(boom)), 1),
  'a listener of an EventEmitter': (boom) => setTimeout(() => new EventEmitter().on('event', boom).emit('event'), 1),
  'a listener of an EventTarget': (boom) =>
    setTimeout(() => {
      const target = new EventTarget();
      target.addEventListener('event', boom);
      target.dispatchEvent(new Event('event'));
    }, 1),
  'a listener of an AbortSignal': (boom) => {
    AbortSignal.timeout(1).addEventListener('abort', boom);
    setTimeout(() => undefined, 50);
  },
  'an AsyncResource': (boom) => setTimeout(() => new AsyncResource('APP').runInAsyncScope(boom), 1),

  // Streams
  'a destroyed stream': (boom) => void new Readable({ read: () => undefined }).destroy(caught(boom)),
  'a data listener of a stream': (boom) => Readable.from(['chunk']).on('data', boom),
  'a transform of a stream': (boom) => Readable.from(['chunk']).pipe(new Transform({ transform: boom })),
  'the callback of pipeline': (boom) => pipeline(Readable.from(['chunk']), new PassThrough().resume(), boom),
  'a line of readline': (boom) => createInterface({ input: Readable.from(['line\n']) }).on('line', boom),

  // Files
  'fs.stat': (boom) => fs.stat('.', boom),
  'fs.stat with bigints': (boom) => fs.stat('.', { bigint: true }, boom),
  'fs.readFile': (boom) => fs.readFile(here, boom),
  'fs.readdir': (boom) => fs.readdir('.', boom),
  'fs.open': (boom) => fs.open(here, 'r', (_, descriptor) => fs.close(descriptor, boom)),
  'fs.opendir': (boom) => fs.opendir('.', (_, directory) => directory.close(() => boom())),
  'fs.promises, then': (boom) => void fs.promises.stat('.').then(boom),
  'a data listener of a file stream': (boom) => fs.createReadStream(here).on('data', boom),
  'fs.watchFile': (boom) => {
    const file = `${import.meta.dirname}/no-such-file`;
    fs.watchFile(file, { interval: 10 }, () => {
      fs.unwatchFile(file);
      boom();
    });
    setTimeout(() => undefined, 200);
  },

  // The thread pool
  'crypto.randomBytes': (boom) => randomBytes(8, boom),
  'crypto.pbkdf2': (boom) => pbkdf2('secret', 'salt', 1, 8, 'sha256', boom),
  'zlib.deflate': (boom) => deflate('text', boom),
  'zlib.brotliCompress': (boom) => brotliCompress('text', boom),
  'a data listener of a zlib stream': (boom) => createGzip().on('data', boom).end('text'),
  'dns.lookup': (boom) => lookup('localhost', boom),

  // Processes and threads
  'exit of a child process': (boom) => spawn(process.execPath, ['-e', '0']).on('exit', boom),
  'execFile of a child process': (boom) => execFile(process.execPath, ['-e', '0'], boom),
  'output of a child process': (boom) => spawn(process.execPath, ['-p', '0']).stdout.once('data', boom),
  'message of a worker': (boom) =>
    new Worker('require("worker_threads").parentPort.postMessage(0)', { eval: true }).on('message', boom),
  'exit of a worker': (boom) => new Worker('0', { eval: true }).on('exit', boom),
  'message of a port': (boom) => {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', () => {
      port1.close();
      boom();
    });
    port2.postMessage(0);
  },
  'onmessage of a port': (boom) => {
    const { port1, port2 } = new MessageChannel();
    Object.assign(port1, {
      onmessage: () => {
        port1.close();
        boom();
      },
    });
    port2.postMessage(0);
  },

  // Networks
  'data of a socket': (boom) => {
    const server = net.createServer((socket) => {
      socket
        .on('error', () => undefined)
        .on('data', () => {
          setTimeout(() => socket.destroy(), 5);
          server.close();
          boom();
        });
    });
    listen(server, (port) =>
      net
        .connect(port, '127.0.0.1')
        .on('error', () => undefined)
        .write('x'),
    );
  },
  'data of a TLS socket': (boom) => {
    const psk = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
    const key = Buffer.from('secret');
    const server = tls.createServer({ ...psk, pskCallback: () => key, pskIdentityHint: '' }, (socket) => {
      socket
        .on('error', () => undefined)
        .on('data', () => {
          setTimeout(() => socket.destroy(), 5);
          server.close();
          boom();
        });
    });
    listen(server, (port) =>
      tls
        .connect({
          ...psk,
          port,
          host: '127.0.0.1',
          pskCallback: () => ({ psk: key, identity: 'app' }),
          checkServerIdentity: () => undefined,
        })
        .on('error', () => undefined)
        .write('x'),
    );
  },
  'a new connection': (boom) => {
    const server = net.createServer((socket) => {
      socket.destroy();
      server.close();
      boom();
    });
    listen(server, (port) => net.connect(port, '127.0.0.1').on('error', () => undefined));
  },
  'the end of a socket': (boom) => {
    const server = net.createServer((socket) => {
      socket.end();
      server.close();
    });
    listen(server, (port) => {
      const socket = net.connect(port, '127.0.0.1').resume();
      socket.on('end', () => {
        // Node ends its own side behind the listeners, and so not behind one that throws.
        setTimeout(() => socket.destroy(), 5);
        boom();
      });
    });
  },
  'the close of a socket': (boom) => {
    const server = net.createServer((socket) => {
      socket.destroy();
      server.close();
    });
    listen(server, (port) => net.connect(port, '127.0.0.1').resume().on('close', boom));
  },
  'a refused connection': (boom) => net.connect(1, '127.0.0.1').on('error', boom),
  'listening of a server': (boom) => {
    const server = net.createServer();
    server.listen(0, '127.0.0.1', () => {
      server.close();
      boom();
    });
  },
  'message of a UDP socket': (boom) => {
    const socket = createSocket('udp4', () => {
      socket.close();
      boom();
    });
    socket.bind(0, '127.0.0.1', () => socket.send('x', socket.address().port, '127.0.0.1'));
  },
  'a handler of an HTTP server': (boom) => overHttp({ request: boom }),
  'body of an HTTP request': (boom) => overHttp({ body: boom }),
  'an HTTP response': (boom) => overHttp({ response: boom }),
  'data of an HTTP response': (boom) => overHttp({ data: boom }),
  'end of an HTTP response': (boom) => overHttp({ end: boom }),
  'an HTTP upgrade': (boom) => overHttp({ upgrade: boom }),
  'fetch, then': (boom) => overHttp({ fetch: boom }),
  'a stream of HTTP/2': (boom) => {
    const server = http2.createServer();
    server.on('session', (session) => session.on('error', () => undefined));
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      setTimeout(() => (client?.destroy(), server.close()), 5);
      boom();
    });
    let client: http2.ClientHttp2Session | undefined;
    listen(server, (port) => {
      client = http2.connect(`http://127.0.0.1:${port}`).on('error', () => undefined);
      client.request({ ':path': '/' }).on('error', () => undefined);
    });
  },
};

function caught(boom: Boom): Error {
  try {
    return boom();
  } catch (error) {
    return error as Error;
  }
}

function listen(server: net.Server | http2.Http2Server, use: (port: number) => void): void {
  server.listen(0, '127.0.0.1', () => use((server.address() as AddressInfo).port));
}

type Stage = 'request' | 'body' | 'response' | 'data' | 'end' | 'upgrade' | 'fetch';

/** One request over TCP, with a callback that throws at one stage of it. */
function overHttp(at: Partial<Record<Stage, Boom>>): void {
  const server = http.createServer((request, response) => {
    // The connection would otherwise stay open behind the handler that threw.
    setTimeout(() => server.closeAllConnections(), 10);
    server.close();
    at.request?.();
    request.on('data', () => at.body?.());
    request.on('end', () => response.end('body'));
  });
  server.on('upgrade', (_, socket) => {
    socket.destroy();
    server.close();
    at.upgrade?.();
  });

  listen(server, (port) => {
    const url = `http://127.0.0.1:${port}/`;
    if (at.fetch) return void fetch(url).then(at.fetch);

    const headers = at.upgrade && { connection: 'upgrade', upgrade: 'test' };
    const request = http.request(url, { method: 'POST', agent: false, ...(headers && { headers }) }, (response) => {
      response.on('error', () => undefined);
      response.on('data', () => at.data?.()).on('end', () => at.end?.());
      at.response?.();
    });
    request.on('error', () => undefined).end('body');
  });
}
