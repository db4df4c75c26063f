import { Duplex } from 'node:stream';

// Captured when the module loads: fake timers installed by a test must not stop the transport.
const { setTimeout, clearTimeout, performance } = globalThis;
const now = performance.now.bind(performance);

type Done = (error?: Error | null) => void;

export interface PairOptions {
  /** Marks both ends as TLS, so that frameworks see `https`. */
  readonly encrypted?: boolean;
  /** IP address of the client's end. Default `127.0.0.1`. */
  readonly clientAddress?: string | undefined;
}

/** Bytes up to which writes are joined to one: more than that is not worth the copy. */
const JOINED = 64 * 1024;

// Ports of the ephemeral range: they only have to differ, nothing listens on them.
const FIRST_PORT = 49_152;
const LAST_PORT = 65_535;
let lastPort = FIRST_PORT;

const LOOPBACK = '127.0.0.1';

/** What one end of a connection is called. */
interface End {
  readonly address: string;
  readonly port: number;
}

/**
 * One end of a connection inside this process: what `http` expects of a `net.Socket`, without a
 * handle of the operating system.
 *
 * Whatever one end sends arrives at the other in a later tick, never within the sender's own call:
 * an exception thrown by a receiver is then its own, as with a real socket, and not the sender's.
 * `process.nextTick` is looked up each time: the bridge guards its callbacks, Node's streams use it too.
 */
export class MemorySocket extends Duplex {
  readonly remoteAddress: string;
  readonly remoteFamily: 'IPv4' | 'IPv6';
  readonly localAddress: string;
  readonly localFamily: 'IPv4' | 'IPv6';
  readonly connecting = false;
  readonly pending = false;
  readonly remotePort: number;
  readonly localPort: number;
  /** Present (and true) on a connection that stands for TLS, as on a `tls.TLSSocket`. */
  readonly encrypted?: true;
  bytesRead = 0;
  bytesWritten = 0;
  /** Milliseconds without traffic after which `timeout` is emitted; 0 for never. */
  timeout = 0;

  #peer: MemorySocket | undefined;
  /** Acknowledgement owed to the peer for a chunk that our reader has no room for yet. */
  #owed: Done | undefined;
  #atEnd = false;
  #resetting = false;
  #peerGone = false;
  #timer: NodeJS.Timeout | undefined;
  #idleSince = 0;

  private constructor(local: End, remote: End, options: { readonly encrypted: boolean; readonly halfOpen: boolean }) {
    super({ allowHalfOpen: options.halfOpen });
    this.localAddress = local.address;
    this.localFamily = familyOf(local.address);
    this.localPort = local.port;
    this.remoteAddress = remote.address;
    this.remoteFamily = familyOf(remote.address);
    this.remotePort = remote.port;
    if (options.encrypted) this.encrypted = true;
  }

  /** Two connected ends; `server` is the one to hand to an HTTP server. */
  static pair(options: PairOptions = {}): { client: MemorySocket; server: MemorySocket } {
    const { encrypted = false, clientAddress = LOOPBACK } = options;
    lastPort = lastPort === LAST_PORT ? FIRST_PORT : lastPort + 1;
    const near = { address: clientAddress, port: lastPort };
    const far = { address: clientAddress.includes(':') ? '::1' : LOOPBACK, port: encrypted ? 443 : 80 };

    // As Node makes them: its HTTP server answers a request whose sender has already ended, its agent
    // keeps no connection that the server has ended (an idle one, after `server.keepAliveTimeout`).
    const client = new MemorySocket(near, far, { encrypted, halfOpen: false });
    const server = new MemorySocket(far, near, { encrypted, halfOpen: true });
    client.#peer = server;
    server.#peer = client;
    return { client, server };
  }

  /** The other end. */
  get peer(): MemorySocket | undefined {
    return this.#peer;
  }

  get readyState(): 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  address(): { address: string; family: string; port: number } {
    return { address: this.localAddress, family: this.localFamily, port: this.localPort };
  }

  setTimeout(timeout: number, listener?: () => void): this {
    this.timeout = timeout;
    this.#idleSince = now();
    if (listener !== undefined) {
      if (timeout > 0) this.once('timeout', listener);
      else this.removeListener('timeout', listener);
    }
    // HTTP sets and clears this for each request; a running timer is left alone and looks again when it fires.
    if (timeout > 0 && this.#timer === undefined && !this.destroyed) this.#arm(timeout);
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** Ends after everything written is on its way, then closes; the HTTP server's way of closing. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** Closes as a TCP reset would: the other end fails with ECONNRESET. */
  resetAndDestroy(): this {
    this.#resetting = true;
    return this.destroy();
  }

  override _read(): void {
    const owed = this.#owed;
    this.#owed = undefined;
    owed?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    const [first] = chunks;
    const total = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);

    if (chunks.length === 1 && first) this.#send(first.chunk, done);
    else if (total <= JOINED) this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
    else this.#sendEach(chunks, 0, done);
  }

  override _final(done: Done): void {
    const peer = this.#peer;
    process.nextTick(() => {
      if (peer !== undefined) peer.#receiveEnd();
    });
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#timer);
    const owed = this.#owed;
    this.#owed = undefined;
    owed?.(connectionError('ECONNRESET', 'read'));
    const peer = this.#peer;
    process.nextTick(() => {
      if (peer !== undefined) peer.#hangUp(this.#resetting);
    });
    done(error);
  }

  #sendEach(chunks: readonly { chunk: Buffer }[], index: number, done: Done): void {
    const next = chunks[index];
    if (next === undefined) return done();
    this.#send(next.chunk, (error) => (error ? done(error) : this.#sendEach(chunks, index + 1, done)));
  }

  #send(chunk: Buffer, done: Done): void {
    this.bytesWritten += chunk.length;
    this.#idleSince = now();
    process.nextTick(() => {
      if (this.#peerGone || this.#peer === undefined) done(connectionError('EPIPE', 'write'));
      else this.#peer.#receive(chunk, done);
    });
  }

  #receive(chunk: Buffer, done: Done): void {
    if (this.destroyed) {
      done(connectionError('ECONNRESET', 'write'));
      return;
    }

    this.bytesRead += chunk.length;
    this.#idleSince = now();
    if (this.push(chunk)) done();
    else this.#owed = done;
  }

  #receiveEnd(): void {
    if (this.#atEnd || this.destroyed) return;

    this.#atEnd = true;
    this.push(null);
  }

  /** The other end is closed. What it sent before can still be read; nothing can be sent to it. */
  #hangUp(reset: boolean): void {
    this.#peerGone = true;
    if (this.destroyed || (this.#atEnd && !reset)) return;

    // A reader that has stopped reading would never notice an end, so it is told as by a TCP reset.
    if (reset || this.readableLength > 0 || this.isPaused()) this.destroy(connectionError('ECONNRESET', 'read'));
    else this.#receiveEnd();
  }

  #arm(delay: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.timeout === 0 || this.destroyed) return;

      const rest = this.#idleSince + this.timeout - now();
      if (rest > 0.5) {
        this.#arm(rest);
      } else {
        this.#idleSince = now();
        this.emit('timeout');
      }
    }, delay);
    this.#timer.unref();
  }
}

function familyOf(address: string): 'IPv4' | 'IPv6' {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

function connectionError(code: 'ECONNRESET' | 'EPIPE', syscall: 'read' | 'write'): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}
