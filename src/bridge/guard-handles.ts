import { connect, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { createBrotliCompress, createBrotliDecompress, createInflateRaw } from 'node:zlib';
import { onAssignment, type Callback, type Interception } from './assignment.js';
import { guarded, guardedMethod, guardedTurn } from './guarded.js';
import { runAsNobody } from './ownership.js';

/**
 * The properties under which Node's C++ looks up the callback of a handle or request (the names of
 * src/env_properties.h; numbers are those of the HTTP parser, src/node_http_parser.cc). The first
 * are called by libuv alone, the others also by code of JavaScript that gives data to a parser or to TLS.
 */
const OF_LIBUV = ['onchange', 'ondone', 'onexit', 'onmessage'];
const OF_ANYBODY = ['onerror', 0, 1, 2, 3, 4, 6];

/** The parser's `kOnExecute`, called when it has taken what a socket received. */
const ON_EXECUTE = 5;

/** The path of a pipe or Unix socket that cannot exist. */
const NO_PIPE = process.platform === 'win32' ? '\\\\.\\pipe\\lockstep\\none' : '/dev/null/none';

/** A handle of libuv as JavaScript sees it; every one inherits from Node's internal class AsyncWrap. */
interface Handle {
  getAsyncId(): number;
  onconnection?: unknown;
  /** Of TLS: the handle that carries it. */
  readonly _parent?: object;
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

  const direct: Direct = new Set([tcp, pipe].map((handle) => Object.getPrototypeOf(handle) as object));
  // Only a handle that is being closed has the symbol.
  const closed = Object.getOwnPropertySymbols(tcp).find(({ description }) => description === 'handle_onclose');
  const uninstall = [
    ...[...OF_LIBUV, ON_EXECUTE, ...(closed ? [closed] : [])].map((name) => onAssignment(base, name, TURN)),
    ...OF_ANYBODY.map((name) => onAssignment(base, name, GUARDED)),
    onAssignment(base, 'oncomplete', requestsOf(direct)),
    ...[tcp, pipe].flatMap((handle) => [guardReading(handle, direct), guardListening(handle)]),
    guardTls(direct),
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

const TURN: Interception = {
  call(owner, callback, args) {
    return guardedTurn(callback, owner, args);
  },
};

/** The prototypes of the streams that libuv itself reads and writes. TLS may stand on any other stream. */
type Direct = ReadonlySet<object>;

function isDirect(direct: Direct, handle: object): boolean {
  return direct.has(Object.getPrototypeOf(handle) as object);
}

/** Requests are completed by libuv, except for those of other streams. */
function requestsOf(direct: Direct): Interception {
  return {
    call(owner, callback, args) {
      const { handle } = owner as { readonly handle?: object };
      return (handle === undefined || isDirect(direct, handle) ? guardedTurn : guarded)(callback, owner, args);
    },
  };
}

function prototypeWith(handle: Handle, property: string): object | undefined {
  for (let object: object = handle; object !== null; object = Object.getPrototypeOf(object) as object) {
    if (object !== handle && Object.hasOwn(object, property)) return object;
  }
  return undefined;
}

/**
 * The callback for arriving data is no property: C++ keeps it behind an accessor further up, which
 * cannot be redefined. One below it gets the assignments: on the prototype, or on a handle itself.
 */
function guardReading(sample: Handle, direct: Direct): () => void {
  const prototype = Object.getPrototypeOf(sample) as object;
  const owner = prototypeWith(sample, 'onread');
  if (owner === undefined || owner === prototype) return () => undefined;

  interceptReading(prototype, owner, readingForms(direct));
  return () => {
    Reflect.deleteProperty(prototype, 'onread');
  };
}

function interceptReading(object: object, owner: object, forms: Forms): void {
  Object.defineProperty(object, 'onread', {
    configurable: true,
    // C++ does not read it here. Node's HTTP agent does, to see whose callback a pooled socket has.
    get(this: object): unknown {
      return forms.original(Reflect.get(owner, 'onread', this));
    },
    set(this: object, callback: unknown) {
      // Through Reflect: on Node 20 the accessor is of V8's own kind, which looks like a plain property.
      Reflect.set(owner, 'onread', forms.guarded(callback), this);
    },
  });
}

function readingForms(direct: Direct): Forms {
  return new Forms(
    (callback) =>
      function (this: Handle, ...args) {
        const call = isDirect(direct, this._parent ?? this) ? guardedTurn : guarded;
        // A connection serves whoever uses it, whoever has opened it; who awaits what comes is himself again.
        return runAsNobody(() => call(callback, this, args));
      },
  );
}

interface TlsPrototype {
  _wrapHandle?: (...args: unknown[]) => Handle;
}

/** The accessor of TLS is on the very prototype, so each handle gets its own. */
function guardTls(direct: Direct): () => void {
  const prototype = TLSSocket.prototype as TlsPrototype;
  const { _wrapHandle: wrap } = prototype;
  if (wrap === undefined) return () => undefined;

  const forms = readingForms(direct);
  prototype._wrapHandle = function (...args) {
    const handle = Reflect.apply(wrap, this, args);

    interceptReading(handle, Object.getPrototypeOf(handle) as object, forms);
    return handle;
  };
  return () => {
    prototype._wrapHandle = wrap;
  };
}

/** Every such handle has its `onconnection` from birth, so that no accessor can see it assigned. */
function guardListening(sample: Handle): () => void {
  const prototype = Object.getPrototypeOf(sample) as StreamPrototype;
  const { listen } = prototype;
  if (listen === undefined) return () => undefined;

  prototype.listen = function (backlog) {
    const { onconnection } = this;
    if (typeof onconnection === 'function') {
      const guardedForm = guardedMethod(onconnection as Callback);
      // A server that a test has started serves the others as well.
      this.onconnection = function (this: unknown, ...args: unknown[]) {
        return runAsNobody(() => Reflect.apply(guardedForm, this, args));
      };
    }
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
  readonly #make: (original: Callback) => Callback;
  readonly #forms = new WeakMap<Callback, Callback>();
  readonly #originals = new WeakMap<Callback, Callback>();

  constructor(make: (original: Callback) => Callback) {
    this.#make = make;
  }

  guarded(callback: unknown): unknown {
    if (typeof callback !== 'function') return callback;

    const original = callback as Callback;
    let form = this.#forms.get(original);
    if (form === undefined) {
      form = this.#make(original);
      this.#forms.set(original, form);
      this.#originals.set(form, original);
    }
    return form;
  }

  original(form: unknown): unknown {
    return typeof form === 'function' ? (this.#originals.get(form as Callback) ?? form) : form;
  }
}
