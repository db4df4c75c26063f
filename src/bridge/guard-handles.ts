import { connect, type Socket } from 'node:net';
import { createBrotliCompress, createBrotliDecompress, createInflateRaw } from 'node:zlib';
import { onAssignment, type Callback, type Interception } from './assignment.js';
import { guarded, guardedMethod } from './guarded.js';

/**
 * The properties under which Node's C++ looks up the callback of a handle or request (the names of
 * src/env_properties.h; numbers are those of the HTTP parser, src/node_http_parser.cc).
 */
const CALLBACKS = ['onchange', 'oncomplete', 'ondone', 'onerror', 'onexit', 'onmessage', ...[0, 1, 2, 3, 4, 5, 6]];

/** The path of a pipe or Unix socket that cannot exist. */
const NO_PIPE = process.platform === 'win32' ? '\\\\.\\pipe\\lockstep\\none' : '/dev/null/none';

/** A handle of libuv as JavaScript sees it; every one inherits from Node's internal class AsyncWrap. */
interface Handle {
  getAsyncId(): number;
  onconnection?: unknown;
}

/** The prototype of the handles of sockets and servers. */
interface StreamPrototype {
  listen?: (this: Handle, backlog: number) => number;
}

/**
 * Guards what C++ calls: an exception from there is left pending in V8 while the event loop goes on,
 * and the next callback of the same turn may overwrite it. All handles and requests share one
 * prototype, which sockets that never connect give away.
 */
export function guardHandles(): () => void {
  const tcp = closedHandle(connect({ host: 'lockstep.invalid', port: 1, lookup: () => undefined }));
  const pipe = closedHandle(connect(NO_PIPE).on('error', () => undefined));
  const base = tcp && prototypeWith(tcp, 'getAsyncId');
  if (tcp === undefined || pipe === undefined || base === undefined) return () => undefined;

  // Only a handle that is being closed has the symbol.
  const closed = Object.getOwnPropertySymbols(tcp).find(({ description }) => description === 'handle_onclose');
  const uninstall = [
    ...[...CALLBACKS, ...(closed ? [closed] : [])].map((name) => onAssignment(base, name, GUARDED)),
    ...[tcp, pipe].flatMap((handle) => [guardReading(handle), guardListening(handle)]),
    ...[createInflateRaw(), createBrotliCompress(), createBrotliDecompress()].map(guardCompression),
  ];

  return () => {
    for (const step of uninstall) step();
  };
}

function closedHandle(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: Handle };

  socket.destroy();
  return handle;
}

const GUARDED: Interception = {
  call(owner, callback, args) {
    return guarded(callback, owner, args);
  },
};

function prototypeWith(handle: Handle, property: string): object | undefined {
  for (let object: object = handle; object !== null; object = Object.getPrototypeOf(object) as object) {
    if (object !== handle && Object.hasOwn(object, property)) return object;
  }
  return undefined;
}

/**
 * The callback for arriving data is no property: C++ keeps it behind an accessor further up, which
 * cannot be redefined.
 */
function guardReading(sample: Handle): () => void {
  const prototype = Object.getPrototypeOf(sample) as object;
  const owner = prototypeWith(sample, 'onread');
  const native = owner && Object.getOwnPropertyDescriptor(owner, 'onread');
  if (owner === prototype || native?.set === undefined) return () => undefined;

  const forms = new Forms();
  Object.defineProperty(prototype, 'onread', {
    configurable: true,
    enumerable: native.enumerable ?? false,
    // C++ does not read it here. Node's HTTP agent does, to see whose callback a pooled socket has.
    get(this: object): unknown {
      return forms.original(native.get?.call(this));
    },
    set(this: object, callback: unknown) {
      native.set?.call(this, forms.guarded(callback));
    },
  });
  return () => {
    Reflect.deleteProperty(prototype, 'onread');
  };
}

/** Every such handle has its `onconnection` from birth, so that no accessor can see it assigned. */
function guardListening(sample: Handle): () => void {
  const prototype = Object.getPrototypeOf(sample) as StreamPrototype;
  const { listen } = prototype;
  if (listen === undefined) return () => undefined;

  prototype.listen = function (backlog) {
    const { onconnection } = this;
    if (typeof onconnection === 'function') this.onconnection = guardedMethod(onconnection as Callback);
    return listen.call(this, backlog);
  };
  return () => {
    prototype.listen = listen;
  };
}

/** Compression takes its callback as an argument. */
function guardCompression(stream: object): () => void {
  const { _handle: handle } = stream as { _handle?: object };
  const prototype = handle && (Object.getPrototypeOf(handle) as { init?: Callback });
  const { init } = prototype ?? {};
  if (prototype === undefined || init === undefined) return () => undefined;

  prototype.init = function (this: unknown, ...args: unknown[]) {
    return Reflect.apply(
      init,
      this,
      args.map((arg) => (typeof arg === 'function' ? guardedMethod(arg as Callback) : arg)),
    );
  };
  return () => {
    prototype.init = init;
  };
}

/** Callbacks and their guarded forms: Node gives the same function to all sockets. */
class Forms {
  readonly #forms = new WeakMap<Callback, Callback>();
  readonly #originals = new WeakMap<Callback, Callback>();

  guarded(callback: unknown): unknown {
    if (typeof callback !== 'function') return callback;

    const original = callback as Callback;
    let form = this.#forms.get(original);
    if (form === undefined) {
      form = guardedMethod(original);
      this.#forms.set(original, form);
      this.#originals.set(form, original);
    }
    return form;
  }

  original(form: unknown): unknown {
    return typeof form === 'function' ? (this.#originals.get(form as Callback) ?? form) : form;
  }
}
