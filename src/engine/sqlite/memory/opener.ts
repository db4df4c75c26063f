import { isOwnFrame } from '../../../own-frames.js';

/** Who opens a database: a package, by its name, or a file of the app. */
export interface Opener {
  readonly name: string;
  /**
   * `library`: one that apps reach their database by; `pool`: such a one that opens connections when it
   * needs them; `package`: any other, which keeps something of its own (a cache, a store of sessions).
   */
  readonly kind: 'app' | 'library' | 'pool' | 'package';
}

/** Frames that are looked at: some drivers' callers are far below. */
const DEPTH = 60;
const DRIVERS: ReadonlySet<string> = new Set(['sqlite3', 'better-sqlite3', 'bindings']);
const POOLS = /^(?:knex|@mikro-orm\/.+|@libsql\/client)$/;
/** ORMs and query builders, and what wraps a driver for apps. */
const LIBRARIES = new RegExp(
  `^(?:${[
    'sequelize',
    'sequelize-typescript',
    '@sequelize/.+',
    'typeorm',
    'drizzle-orm',
    'kysely(?:-.+)?',
    '@prisma/.+',
    '@libsql/.+',
    'libsql',
    'objection',
    'bookshelf',
    'remult',
    'sqlite',
    'sqlite-async',
    'promised-sqlite3',
    'aa-sqlite',
    'better-sqlite3-helper',
    'better-sqlite-pool',
    'trilogy',
    '@databases/.+',
    '@nestjs/.+',
    '@adonisjs/.+',
    '@feathersjs/.+',
    '@loopback/.+',
    'loopback-connector-.+',
    '@tryghost/.+',
  ].join('|')})$`,
);

/** The nearest of those on the stack that is neither the driver nor Lockstep. */
export function openerOf(): Opener {
  const file = filesOnStack().find((name) => !isPassedThrough(name));
  return file === undefined ? { name: '', kind: 'app' } : openerNamed(file);
}

/** Who a file belongs to. */
export function openerNamed(file: string): Opener {
  const name = packageOf(file);
  if (name === undefined) return { name: file, kind: 'app' };
  if (POOLS.test(name)) return { name, kind: 'pool' };
  return { name, kind: LIBRARIES.test(name) ? 'library' : 'package' };
}

function isPassedThrough(file: string): boolean {
  if (file === '' || file.startsWith('node:') || isOwnFrame(file)) return true;
  const name = packageOf(file);
  return name !== undefined && DRIVERS.has(name);
}

function packageOf(file: string): string | undefined {
  return /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/s.exec(file)?.[1]?.replace('\\', '/');
}

/** Read as they are: whoever formats stacks would put maps and cuts into them. */
function filesOnStack(): readonly string[] {
  const limit = Error.stackTraceLimit;
  const former = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  const holder: { stack?: unknown } = {};

  try {
    Error.stackTraceLimit = DEPTH;
    Object.defineProperty(Error, 'prepareStackTrace', { configurable: true, writable: true, value: fileNames });
    Error.captureStackTrace(holder, openerOf);
    return Array.isArray(holder.stack) ? (holder.stack as string[]) : [];
  } finally {
    Error.stackTraceLimit = limit;
    if (former === undefined) delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
    else Object.defineProperty(Error, 'prepareStackTrace', former);
  }
}

function fileNames(_error: unknown, sites: readonly NodeJS.CallSite[]): readonly string[] {
  return sites.map((site) => site.getFileName() ?? '');
}
