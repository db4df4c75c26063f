import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { LoadingError } from '../../errors.js';
import { clearTimeout, setTimeout } from '../../real-time.js';
import type { Suite } from './shapes.js';

/** Milliseconds after which a file that is still being loaded is named, in a warning. */
const SLOW = 30_000;

/** What a run does around the loading of its test files. */
export interface Loading {
  /** Before the first file is evaluated; has to resolve. */
  before(): Promise<void>;
  /** All files were loaded: their tests are in the suite. */
  loaded(suite: Suite): void;
  /** A file has thrown, or the process has ended amid it: what may have been its reason is told here. */
  failed(): void;
  /** What a file may be waiting for: a sentence each. */
  waitsFor(): readonly string[];
}

/** An instance of mocha's class (lib/mocha.js). */
interface Mocha {
  readonly suite: Suite & Emitter;
  loadFilesAsync(this: Mocha, options?: object): Promise<void>;
}

interface Emitter {
  on(event: 'pre-require', listener: (global: unknown, file: string) => void): unknown;
  removeListener(event: 'pre-require', listener: (global: unknown, file: string) => void): unknown;
}

const SLOT = Symbol.for('lockstep.mocha.loading');

interface Patched extends Mocha {
  [SLOT]?: { current: Loading };
}

/**
 * Has the run told of the moment before its test files are evaluated, in the process that evaluates
 * them: mocha's own in series, a worker with --parallel. No plug-in of mocha has that moment:
 * `mochaHooks` runs in processes that load nothing too, root hooks and global fixtures come later.
 *
 * In watch mode the files are loaded in one go with the run, by another way.
 */
export function watchLoading(loading: Loading): void {
  for (const mocha of mochaPrototypes()) {
    const slot = mocha[SLOT];
    if (slot) slot.current = loading;
    else patch(mocha, { current: loading });
  }
}

function patch(prototype: Patched, slot: { current: Loading }): void {
  const original = Object.getOwnPropertyDescriptor(prototype, 'loadFilesAsync')?.value as Mocha['loadFilesAsync'];

  Object.defineProperty(prototype, SLOT, { value: slot });
  prototype.loadFilesAsync = async function loadWithDatabase(this: Mocha, options): Promise<void> {
    const { current } = slot;
    const files = new LoadedFiles(this.suite, current);

    try {
      await current.before();
      await original.call(this, options);
    } catch (error) {
      current.failed();
      throw error;
    } finally {
      files.end();
    }
    current.loaded(this.suite);
  };
}

/** The file that is evaluated now. */
class LoadedFiles {
  readonly #suite: Emitter;
  readonly #loading: Loading;
  readonly #next = (_: unknown, file: string): void => this.#begin(file);
  readonly #exit = (): void => this.#cutShort();
  #file: string | undefined;
  #slow: ReturnType<typeof setTimeout> | undefined;

  constructor(suite: Emitter, loading: Loading) {
    this.#suite = suite;
    this.#loading = loading;
    suite.on('pre-require', this.#next);
    process.once('exit', this.#exit);
  }

  #begin(file: string): void {
    this.#file = relative(process.cwd(), file);
    clearTimeout(this.#slow);
    this.#slow = setTimeout(() => this.#warn(), SLOW);
    this.#slow.unref();
  }

  end(): void {
    clearTimeout(this.#slow);
    this.#suite.removeListener('pre-require', this.#next);
    process.removeListener('exit', this.#exit);
  }

  #warn(): void {
    const waits = this.#loading.waitsFor().map((sentence) => `\n  ${sentence}`);
    process.emitWarning(`${this.#file} has been loading for ${SLOW / 1000} seconds.${waits.join('')}`, {
      code: 'LOCKSTEP_LOADING',
    });
  }

  /** Nothing is left that could end an `await` at a file's top level: Node ends, by itself with 0. */
  #cutShort(): void {
    if (process.exitCode !== undefined && process.exitCode !== 0) return;
    const waits = this.#loading.waitsFor();

    this.#loading.failed();
    const error = new LoadingError({
      what: `The process ended while ${this.#file ?? 'the database'} was being loaded, before any test.`,
      why: `It, or a module that it imports, awaits at its top level what nothing is left to bring${waits.length === 0 ? '.' : `:\n  ${waits.join('\n  ')}`}`,
      remedy: 'Wait for it in a before() hook, where it has a deadline; or call process.exit() nowhere but in a test.',
    });
    process.stderr.write(`\n${error.name}: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Whether mocha is what runs in this process. */
export function hasMocha(): boolean {
  return mochaPrototypes().length > 0;
}

/** Of all copies of mocha in this process; they are CommonJS in mocha 10 to 12. */
function mochaPrototypes(): Patched[] {
  const { cache } = createRequire(import.meta.url);
  const found = Object.entries(cache).flatMap(([file, module]) =>
    /[\\/]mocha[\\/]lib[\\/]mocha\.c?js$/.test(file) ? [module?.exports as { readonly prototype?: Patched }] : [],
  );

  return found.flatMap(({ prototype }) => (typeof prototype?.loadFilesAsync === 'function' ? [prototype] : []));
}
