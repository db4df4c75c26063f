import { createRequire } from 'node:module';

/** What is used of better-sqlite3's binary: the class that each of its databases makes one of. */
interface Addon {
  Database?: new (...given: unknown[]) => object;
}

/** Databases that were opened with the real better-sqlite3, once per process. */
interface Openings {
  /** Above 0 while Lockstep opens one of its own. */
  own: number;
  watched: boolean;
  readonly files: Set<string>;
}

const KEY = Symbol.for('lockstep.sqlite.openings');

// A TypeScript loader may load the package twice, and both copies open with the same binary.
const shared = globalThis as { [KEY]?: Openings };
const openings: Openings = (shared[KEY] ??= { own: 0, watched: false, files: new Set() });

/**
 * Opens a database of Lockstep's own, or one that a drop-in passes on.
 *
 * Lockstep runs on the app's better-sqlite3, so that the package is loaded says nothing about the app: what others
 * open with it is noted from here on, in the binary, where no code of the app can see that somebody looks.
 */
export function openOwn<T>(open: () => T): T {
  openings.own += 1;
  try {
    return open();
  } finally {
    openings.own -= 1;
    openings.watched ||= watch();
  }
}

/** The databases that others have opened with it. */
export function openedByOthers(): readonly string[] {
  return [...openings.files];
}

/** Whether there was a binary: it is loaded with the first database. */
function watch(): boolean {
  const { cache } = createRequire(import.meta.url);
  const addons = Object.entries(cache).filter(([path]) => /[\\/]better_sqlite3\.node$/.test(path));

  for (const [, module] of addons) {
    const addon = module?.exports as Addon | undefined;
    if (addon?.Database === undefined) continue;
    addon.Database = new Proxy(addon.Database, {
      construct(target, given: readonly unknown[], newTarget: new () => object) {
        if (openings.own === 0 && typeof given[1] === 'string') openings.files.add(given[1]);
        return Reflect.construct<readonly unknown[], object>(target, given, newTarget);
      },
    });
  }
  return addons.length > 0;
}
