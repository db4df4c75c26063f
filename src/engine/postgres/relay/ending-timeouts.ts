/*
 * Timeouts at which a server ends the connection. The real one is everybody's, and its outer transaction lasts for
 * a whole suite: there they are 0, and the relay ends the client whose time is up in the server's place.
 */

/** What a server says when it ends the connection (src/backend/tcop/postgres.c, ProcessInterrupts). */
interface Ending {
  readonly code: string;
  readonly message: string;
}

export type EndingTimeout = 'idle_in_transaction_session_timeout' | 'transaction_timeout' | 'idle_session_timeout';

const ENDINGS: Readonly<Record<EndingTimeout, Ending>> = {
  idle_in_transaction_session_timeout: {
    code: '25P03',
    message: 'terminating connection due to idle-in-transaction timeout',
  },
  /** Since Postgres 17. */
  transaction_timeout: { code: '25P04', message: 'terminating connection due to transaction timeout' },
  /** Since Postgres 14. */
  idle_session_timeout: { code: '57P05', message: 'terminating connection due to idle-session timeout' },
};

/** Milliseconds of each that is set; 0 sets none. */
export type EndingTimeouts = ReadonlyMap<EndingTimeout, number>;

export const NO_TIMEOUTS: EndingTimeouts = new Map();

const NAMES = Object.keys(ENDINGS) as readonly EndingTimeout[];

/** Timeouts of single statements: the relay's own must not fall under those of a client. */
export const STATEMENT_TIMEOUTS: readonly string[] = ['statement_timeout', 'lock_timeout'];

export function isEndingTimeout(name: string | undefined): name is EndingTimeout {
  return name !== undefined && Object.hasOwn(ENDINGS, name);
}

export function endingOf(name: EndingTimeout): Ending {
  return ENDINGS[name];
}

/** The timeout by which a server has ended the connection, by the SQLSTATE of its last words. */
export function timeoutOf(code: string | undefined): EndingTimeout | undefined {
  return NAMES.find((name) => ENDINGS[name].code === code);
}

const MENTIONED = new RegExp(`\\b(?:${NAMES.join('|')})\\b`, 'i');

/** Whether a text may set one of them in a way that cannot be read from it. */
export function mentionsTimeouts(sql: string): boolean {
  return MENTIONED.test(sql);
}

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(',');

/** Asks for those that are not 0, a row each with its milliseconds, and makes them 0. */
const clearing = (names: readonly string[]): string =>
  "SELECT name,setting,pg_catalog.set_config(name,'0',false) FROM pg_catalog.pg_settings " +
  `WHERE name IN (${quoted(names)}) AND setting<>'0'`;

/** For a new connection, whose values come from the server, its database and its role. */
export const CLEARING_ALL: string = clearing([...NAMES, ...STATEMENT_TIMEOUTS]);

/** Behind a statement that may have set one of those that end the connection. */
export const CLEARING: string = clearing(NAMES);

/** Asks for one in milliseconds, whether it is 0 or not, and makes it 0. */
export function takingOver(name: EndingTimeout): readonly string[] {
  return [`SELECT setting FROM pg_catalog.pg_settings WHERE name='${name}'`, `SET ${name}=0`];
}

/** Milliseconds in each of the units that a setting may be given in (convert_to_base_unit in guc.c). */
const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** The milliseconds that a setting's value means; undefined where a server would refuse it. */
export function readDuration(text: string): number | undefined {
  const [, number = '', unit = 'ms'] =
    /^\s*([+-]?(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))\s*([a-z]+)?\s*$/i.exec(text) ?? [];
  const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (number === '' || factor === undefined) return undefined;

  const duration = Math.round(Number(number) * factor);
  return duration >= 0 && duration <= 0x7fffffff ? duration : undefined;
}

/** As SHOW has it: in the largest unit without a rest. */
export function showDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0';

  const [unit, factor] = Object.entries(UNITS).findLast(([, size]) => size >= 1 && milliseconds % size === 0) ?? [
    'ms',
    1,
  ];
  return `${milliseconds / factor}${unit}`;
}
