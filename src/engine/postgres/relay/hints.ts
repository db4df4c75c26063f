import { runnerWords } from '../../../runner-words.js';
import { errorResponse, readFields } from '../wire/backend.js';

/** What every hint of Lockstep ends with; the report of a failed test shows those that do. */
const SOURCE = '(Lockstep, see node_modules/lockstep/docs';

/** The statement that failed, and where it did. */
export interface Circumstances {
  /** Whether the client has a transaction open: then a server may well have given the same error. */
  readonly inTransaction: boolean;
  /** In which test or suite something of that kind was made that has gone with it. */
  madeIn(what: string, name: string): string | undefined;
}

const snapshots = (): string =>
  `A sandbox is one transaction of the level READ COMMITTED, whatever level was asked for: test what snapshots show in a describe with ${runnerWords().outsideCall}.`;

/** Errors that come of what all of a sandbox share: one transaction of one process of the server. */
const OF_ONE_TRANSACTION: Readonly<
  Record<string, (message: string, circumstances: Circumstances) => string | undefined>
> = {
  // unsafe_new_enum_value_usage
  '55P04': () =>
    `A value that is added to an enum can be used when its transaction has ended, and a sandbox is one transaction: add it in schema of the config, where transactions are real (migrations too), or in a describe with ${runnerWords().outsideCall}.`,
  // invalid_transaction_termination
  '2D000': () =>
    `A procedure or block that commits or rolls back needs a transaction of its own, and a sandbox is one already: call it in schema or seed of the config, or in a describe with ${runnerWords().outsideCall}.`,
  // active_sql_transaction
  '25001': (message, { inTransaction }) => {
    if (/export a snapshot from a subtransaction/.test(message)) return snapshots();
    // Amid a transaction of its own a server would have said the same.
    return !inTransaction && /cannot (?:run inside|be executed from)/.test(message)
      ? `The server runs this outside of transactions only, and a sandbox is one transaction: do it in schema of the config, or in a describe with ${runnerWords().outsideCall}.`
      : undefined;
  },
  // object_in_use
  '55006': (message, { inTransaction }) =>
    !inTransaction && /active queries in this session|pending trigger events/.test(message)
      ? 'All connections of a sandbox are one session of the server: another one of the app may have a cursor or portal open on it. On connections of their own the one would wait for the other.'
      : undefined,
  // out_of_memory
  '53200': (message) =>
    /shared memory/.test(message)
      ? 'A sandbox is one transaction, which keeps the locks of all tables that a scope has made and dropped: make them in schema of the config, or raise max_locks_per_transaction of the server.'
      : undefined,
};

const SAID: readonly (readonly [code: string, what: string, pattern: RegExp])[] = [
  ['42P01', 'relation', /^(?:relation|table|view|materialized view|sequence) "(.+)" does not exist/],
  ['42703', 'column', /^column "?([^"\s]+)"? (?:of relation "[^"]+" )?does not exist/],
  ['42704', 'type', /^type "([^"[]+)(?:\[\])?" does not exist/],
  ['42704', 'role', /^role "(.+)" does not exist/],
  ['22023', 'role', /^role "(.+)" does not exist/],
  ['42883', 'routine', /^(?:function|procedure) ([^(]+)\(.*\) does not exist/],
  ['3F000', 'schema', /^schema "(.+)" does not exist/],
];

/** The error with a hint as to what the sandbox has to do with it, if it has. */
export function hinted(error: Buffer, circumstances: Circumstances): Buffer {
  const fields = readFields(error);
  const hint = hintFor(fields, circumstances);
  if (hint === undefined) return error;

  const before = fields['H'] === undefined ? '' : `${fields['H']} `;
  return errorResponse({ ...fields, H: `${before}${hint}` });
}

function hintFor(
  { C = '', M = '' }: Readonly<Record<string, string>>,
  circumstances: Circumstances,
): string | undefined {
  const sandboxed = OF_ONE_TRANSACTION[C]?.(M, circumstances);
  if (sandboxed !== undefined)
    return `${sandboxed} ${SOURCE}/troubleshooting.md#errors-that-only-one-transaction-can-cause)`;

  for (const [code, what, pattern] of SAID) {
    const name = code === C ? pattern.exec(M)?.[1] : undefined;
    const title = name === undefined ? undefined : circumstances.madeIn(what, name);
    if (title !== undefined)
      return (
        `The ${what} ${name ?? ''} was made in ${title} and went with it: make it in schema of the config, or let the app ` +
        `make it when it starts, before the tests. ${SOURCE}/troubleshooting.md#what-the-rollback-took)`
      );
  }
  return undefined;
}
