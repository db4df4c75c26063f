import { findSourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { withPrepare } from './prepare-stack.js';

/** Written by V8 as a line of a stack without its `at`. */
type Site = NodeJS.CallSite & { toString(): string };

/** Reads a stack as it was before it was rewritten; whoever formats stacks may return no string. */
type Read = () => unknown;

const rewritten = new WeakMap<Error, { readonly get: () => unknown; readonly read: Read }>();

/** V8's own getter of an error's stack, which formats it when it is called first (since Node 21). */
const nativeGet = stackProperty(new Error()).get;

/**
 * Rewrites the stack of an error when somebody reads it. Most errors that a test awaits are looked
 * at by class and message only, and formatting a frame of a file with a source map takes
 * milliseconds when it is the first of that file.
 *
 * A second rewriting takes the place of the first. An error that is sealed, or whose stack is a
 * getter of its own, stays as it is.
 */
export function rewriteStack(error: Error, rewrite: (stack: string) => string): void {
  if (Object.isSealed(error)) return;
  const read = readerOf(error);
  if (read === undefined) return;

  let stack: unknown;
  let isRead = false;
  const get = (): unknown => {
    if (isRead) return stack;
    isRead = true;
    stack = read();
    if (typeof stack === 'string') stack = rewrite(stack);
    return stack;
  };
  function set(this: object, value: unknown): void {
    Object.defineProperty(this, 'stack', { configurable: true, writable: true, value });
  }
  if (Reflect.defineProperty(error, 'stack', { configurable: true, get, set })) rewritten.set(error, { get, read });
}

/** What reads the stack later; undefined for one that is not to be touched. */
function readerOf(error: Error): Read | undefined {
  const known = rewritten.get(error);
  // In Node 20 asking for the property is what formats the stack.
  if (known === undefined && nativeGet === undefined) return readerOfSites(error);

  const { get, value } = stackProperty(error);
  if (typeof value === 'string') return () => value;
  if (get !== undefined && get === nativeGet) return () => Reflect.apply(get, error, []) as unknown;
  return get !== undefined && get === known?.get ? known.read : undefined;
}

/** For Node 20: the frames as V8 keeps them until the stack is first read, of which this is that read. */
function readerOfSites(error: Error): Read | undefined {
  let sites: readonly Site[] | undefined;
  const stack = withPrepare(
    (_error, found) => {
      sites = found;
      return '';
    },
    () => error.stack,
  );

  const frames = sites;
  if (frames !== undefined) return () => format(error, frames);
  // The value of a getter of its own is not to be rewritten.
  return typeof stack === 'string' && stackProperty(error).value === stack ? () => stack : undefined;
}

function stackProperty(error: Error): { readonly get?: (this: void) => unknown; readonly value?: unknown } {
  return Object.getOwnPropertyDescriptor(error, 'stack') ?? {};
}

function format(error: Error, sites: readonly Site[]): unknown {
  if (typeof Error.prepareStackTrace === 'function') return Error.prepareStackTrace(error, [...sites]) as unknown;
  return [headerOf(error), ...sites.map((site) => `    at ${describe(site)}`)].join('\n');
}

function headerOf(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return '<error>';
  }
}

/** As Node writes a frame, at its place in the source (lib/internal/source_map/prepare_stack_trace.js). */
function describe(site: Site): string {
  const text = site.toString();
  const [file, line, column] = [site.getFileName(), site.getLineNumber(), site.getColumnNumber()];
  if (!file || line === null || column === null) return text;

  const origin = findSourceMap(file)?.findOrigin(line, column);
  if (origin === undefined || !('lineNumber' in origin)) return text;

  const { fileName, lineNumber, columnNumber } = origin;
  const source = fileName.startsWith('file:') ? fileURLToPath(fileName) : fileName;
  return text.replace(`${file}:${line}:${column}`, () => `${source}:${lineNumber}:${columnNumber}`);
}
