import { readSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { descriptorCalls, type DescriptorCalls } from '../../../../../native/addon.js';
import { now } from '../../../../clock.js';
import { block } from './block.js';

const { EAGAIN, EWOULDBLOCK, ETIMEDOUT } = constants.errno;

/** Nothing can be read, or written, at this moment. */
export const LATER = -1;

/** The descriptor of a socket that is in non-blocking mode. */
export interface Descriptor {
  /** Reads what is there: the number of bytes, 0 at the end of the stream, or LATER. */
  read(into: Uint8Array): number;
  /** The same, blocking until something is there or so many milliseconds have passed. */
  readWithin(into: Uint8Array, milliseconds: number): number;
  /** Writes what the system takes now: the number of bytes, or LATER. */
  write(bytes: Uint8Array): number;
}

/** The descriptor of a socket. Node keeps it with its handle, on all systems but Windows. */
export function descriptorOf(socket: Socket): number | undefined {
  const { fd = -1 } = (socket as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle ?? {};
  return fd >= 0 ? fd : undefined;
}

/** By our own addon, or by Node's file functions where it is not to be had. */
export function descriptor(fd: number): Descriptor {
  const calls = descriptorCalls();

  return calls === undefined ? new PolledDescriptor(fd) : new AddonDescriptor(fd, calls);
}

/**
 * For how many microseconds it is looked again and again before the thread sleeps. Most answers come
 * within that, and a machine with idle cores takes longer to wake a thread.
 */
const SPIN = 100;

class AddonDescriptor implements Descriptor {
  readonly #fd: number;
  readonly #calls: DescriptorCalls;

  constructor(fd: number, calls: DescriptorCalls) {
    this.#fd = fd;
    this.#calls = calls;
  }

  read(into: Uint8Array): number {
    return outcome(this.#calls.readNow(this.#fd, into, 0, into.length), 'read');
  }

  readWithin(into: Uint8Array, milliseconds: number): number {
    return outcome(this.#calls.readWithin(this.#fd, into, 0, into.length, SPIN, milliseconds), 'read');
  }

  write(bytes: Uint8Array): number {
    return outcome(this.#calls.writeNow(this.#fd, bytes, 0, bytes.length), 'write');
  }
}

function outcome(result: number, syscall: string): number {
  if (result >= 0) return result;
  if (result === -EAGAIN || result === -EWOULDBLOCK || result === -ETIMEDOUT) return LATER;

  const [code = 'EIO', message = ''] = getSystemErrorMap().get(result) ?? [];
  throw Object.assign(new Error(`${syscall} ${code}: ${message}`), { code, syscall, errno: result });
}

/** How long looks follow each other without a pause, in milliseconds. */
const EAGER = 0.15;
/** Pauses between two looks, in milliseconds. */
const FIRST_PAUSE = 0.05;
const LONGEST_PAUSE = 1;

class PolledDescriptor implements Descriptor {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  read(into: Uint8Array): number {
    return attempt(() => readSync(this.#fd, into));
  }

  readWithin(into: Uint8Array, milliseconds: number): number {
    const began = now();
    const end = began + milliseconds;
    let pause = FIRST_PAUSE;

    for (;;) {
      const length = this.read(into);
      if (length !== LATER) return length;

      const time = now();
      if (time >= end) return LATER;
      if (time - began < EAGER) continue;
      block(Math.min(pause, end - time));
      pause = Math.min(pause * 1.5, LONGEST_PAUSE);
    }
  }

  write(bytes: Uint8Array): number {
    return attempt(() => writeSync(this.#fd, bytes));
  }
}

/** To find nothing is no error here, and is told without a stack, which would cost more than the look. */
function attempt(work: () => number): number {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EINTR') return LATER;
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
