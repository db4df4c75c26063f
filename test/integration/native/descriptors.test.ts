import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer, Socket, type AddressInfo } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { descriptorCalls, type DescriptorCalls } from '#src/native/addon.js';

const { EAGAIN, EBADF, EPIPE, ETIMEDOUT } = constants.errno;

const POLLIN = 1;
const POLLOUT = 4;

/** Two ends of a connection by their descriptors; what is written to `far` can be read from `near`. */
interface Ends {
  readonly near: number;
  readonly far: number;
  /** Ends the writing side. */
  closeFar(): void;
}

interface OpenEnds extends Ends {
  close(): void;
}

async function socketPair(): Promise<OpenEnds> {
  const server = createServer({ pauseOnConnect: true });
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  // Paused: nothing but the test reads from it.
  const near = new Socket().pause();
  await new Promise<void>((resolve) => near.connect((server.address() as AddressInfo).port, '127.0.0.1', resolve));
  const far = await accepted;
  server.close();

  return {
    near: fdOf(near),
    far: fdOf(far),
    closeFar: () => void far.destroy(),
    close() {
      near.destroy();
      far.destroy();
    },
  };
}

function fdOf(socket: Socket): number {
  return (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}

/** Both ends block, unlike those of Node's own pipes. */
function namedPipe(): Promise<OpenEnds> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-pipe-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  // Neither end of a pipe opens before the other has; this one is both.
  const both = openSync(path, 'r+');
  const near = openSync(path, 'r');
  const open = new Set([near, openSync(path, 'w')]);
  const [, far] = [...open] as [number, number];
  closeSync(both);

  function close(fd: number): void {
    if (open.delete(fd)) closeSync(fd);
  }
  return Promise.resolve({
    near,
    far,
    closeFar: () => close(far),
    close() {
      for (const fd of open) close(fd);
      rmSync(folder, { recursive: true });
    },
  });
}

const kinds: Readonly<Record<string, () => Promise<OpenEnds>>> = { 'a socket': socketPair, 'a pipe': namedPipe };

describe('system calls on descriptors', () => {
  let calls: DescriptorCalls;
  let child: ChildProcess | undefined;

  before(function () {
    const found = descriptorCalls();
    if (process.platform === 'win32') expect(found).to.equal(undefined);
    else expect(found).not.to.equal(undefined);
    calls = found as DescriptorCalls;
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    child = undefined;
  });

  for (const [kind, open] of process.platform === 'win32' ? [] : Object.entries(kinds)) {
    describe(`of ${kind}`, () => {
      const buffer = Buffer.alloc(1 << 20);
      let ends: OpenEnds;

      beforeEach(async () => {
        buffer.fill(0);
        ends = await open();
      });
      afterEach(() => ends.close());

      it('readNow tells nothing, bytes and the end apart', async () => {
        expect(calls.readNow(ends.near, buffer, 0, 100)).to.equal(-EAGAIN);
        expect(calls.writeNow(ends.far, Buffer.from('..hello..'), 2, 5)).to.equal(5);
        expect(calls.poll(ends.near, POLLIN, 1000) & POLLIN).to.equal(POLLIN);
        expect(calls.readNow(ends.near, buffer, 10, 3)).to.equal(3);
        expect(calls.readNow(ends.near, buffer, 13, 100)).to.equal(2);
        expect(buffer.toString('latin1', 9, 16)).to.equal('\0hello\0');
        expect(calls.readNow(ends.near, buffer, 0, 100)).to.equal(-EAGAIN);

        ends.closeFar();
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(calls.readWithin(ends.near, buffer, 0, 100, 0, 1000)).to.equal(0);
        expect(calls.readNow(ends.near, buffer, 0, 100)).to.equal(0);
      });

      it('writeNow writes what there is room for, and never waits', () => {
        let written = 0;
        let last = 1;
        while (last > 0) {
          last = calls.writeNow(ends.far, buffer, 0, buffer.length);
          if (last > 0) written += last;
        }
        expect(last).to.equal(-EAGAIN);
        expect(calls.poll(ends.far, POLLOUT, 0)).to.equal(0);

        let read = 0;
        while (read < written) {
          const bytes = calls.readWithin(ends.near, buffer, 0, buffer.length, 0, 1000);
          expect(bytes).to.be.greaterThan(0);
          read += bytes;
        }
        expect(read).to.equal(written);
        expect(calls.poll(ends.far, POLLOUT, 1000) & POLLOUT).to.equal(POLLOUT);
      });

      for (const spin of [0, 500, 5_000_000]) {
        it(`readWithin returns as soon as bytes are there (${spin} µs of spinning)`, () => {
          child = spawn('sh', ['-c', 'sleep 0.1; printf late'], { stdio: ['ignore', ends.far, 'ignore'] });

          expect(calls.readWithin(ends.near, buffer, 0, 100, spin, 20_000)).to.equal(4);
          expect(buffer.toString('latin1', 0, 4)).to.equal('late');
        });
      }

      it('readWithin ends at its deadline, not before', () => {
        for (const [spin, timeout] of [
          [0, 30],
          [2000, 30],
          [5_000_000, 30],
        ] as const) {
          const began = performance.now();
          expect(calls.readWithin(ends.near, buffer, 0, 100, spin, timeout)).to.equal(-ETIMEDOUT);
          expect(performance.now() - began).to.be.at.least(timeout - 1);
        }
        expect(calls.readWithin(ends.near, buffer, 0, 100, 0, 0)).to.equal(-ETIMEDOUT);
        expect(calls.readWithin(ends.near, buffer, 0, 100, 0, -1)).to.equal(-ETIMEDOUT);
        expect(calls.poll(ends.near, POLLIN, 5)).to.equal(0);
      });

      it('signals do not cut readWithin short', () => {
        const ignore = (): void => undefined;
        process.on('SIGUSR2', ignore);
        try {
          child = spawn(
            'sh',
            [
              '-c',
              'for i in 1 2 3 4 5 6 7 8; do sleep 0.02; kill -USR2 "$1"; done; printf late',
              'sh',
              String(process.pid),
            ],
            { stdio: ['ignore', ends.far, 'ignore'] },
          );
          expect(calls.readWithin(ends.near, buffer, 0, 100, 0, Infinity)).to.equal(4);
        } finally {
          process.off('SIGUSR2', ignore);
        }
      });
    });
  }

  if (process.platform === 'win32') return;

  it('a pipe that nobody reads any more is EPIPE', async () => {
    const ends = await namedPipe();
    try {
      closeSync(ends.near);
      expect(calls.writeNow(ends.far, Buffer.from('x'), 0, 1)).to.equal(-EPIPE);
    } finally {
      ends.closeFar();
    }
  });

  it('a descriptor that is not open is EBADF', () => {
    const fd = 1_000_000;
    const buffer = new Uint8Array(1);

    expect(calls.readNow(fd, buffer, 0, 1)).to.equal(-EBADF);
    expect(calls.writeNow(fd, buffer, 0, 1)).to.equal(-EBADF);
    expect(calls.readWithin(fd, buffer, 0, 1, 0, 10)).to.equal(-EBADF);
    expect(calls.poll(fd, POLLIN, 10)).to.equal(-EBADF);
  });

  it('a file is always ready', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'lockstep-file-')), 'file');
    const fd = openSync(path, 'w+');
    writeSync(fd, 'hello');
    const buffer = new Uint8Array(10);

    expect(calls.readWithin(fd, buffer, 0, 10, 0, 10)).to.equal(0);
    expect(calls.writeNow(fd, Buffer.from('!'), 0, 1)).to.equal(1);
    closeSync(fd);
    rmSync(join(path, '..'), { recursive: true });
  });

  describe('misuse', () => {
    const buffer = new Uint8Array(10);
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      'beyond the end': [0, buffer, 5, 6],
      'before the start': [0, buffer, -1, 2],
      'no number': [0, buffer, 0, NaN],
      'a negative length': [0, buffer, 5, -1],
      'no bytes': [0, [1, 2], 0, 1],
      'words instead of bytes': [0, new Uint16Array(10), 0, 4],
      'no descriptor': ['0', buffer, 0, 1],
      'too few arguments': [0, buffer],
    };

    for (const [title, args] of Object.entries(wrong)) {
      it(`is named: ${title}`, () => {
        for (const name of ['readNow', 'writeNow', 'readWithin'] as const) {
          const call = calls[name] as (...given: unknown[]) => number;
          expect(() => call(...args, ...(name === 'readWithin' ? [0, 0] : [])), name).to.throw(TypeError, name);
        }
      });
    }

    it('is named: nothing to read into, which would look like the end', () => {
      expect(() => calls.readNow(0, buffer, 0, 0)).to.throw(TypeError, 'readNow');
      expect(() => calls.readWithin(0, buffer, 0, 0, 0, 0)).to.throw(TypeError, 'readWithin');
      expect(() => calls.readWithin(0, buffer, 0, 1, NaN, 0)).to.throw(TypeError, 'readWithin');
      expect(() => calls.poll(0, POLLIN, NaN)).to.throw(TypeError, 'poll');
    });
  });
});
