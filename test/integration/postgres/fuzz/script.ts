import { serialize as to } from 'pg-protocol';

/** One message of a batch; `data`, `done` and `fail` are those of COPY. */
export type Part =
  | { readonly kind: 'parse'; readonly name: string; readonly sql: string }
  | { readonly kind: 'bind'; readonly portal: string; readonly name: string; readonly values: readonly string[] }
  | { readonly kind: 'execute'; readonly portal: string; readonly rows: number }
  | { readonly kind: 'describe' | 'close'; readonly of: 'S' | 'P'; readonly name: string }
  | { readonly kind: 'data'; readonly text: string }
  | { readonly kind: 'flush' | 'done' | 'fail' };

/** What one client sends and one ReadyForQuery answers. */
export type Sent =
  | {
      readonly kind: 'text';
      readonly client: number;
      readonly statements: readonly string[];
      readonly data: readonly Part[];
    }
  | { readonly kind: 'batch'; readonly client: number; readonly parts: readonly Part[] };

/** What one client does. */
export type Unit =
  | Sent
  /** It goes and comes again; `last` is sent before and its answer not waited for, if it is sure to be rolled back. */
  | { readonly kind: 'reconnect'; readonly client: number; readonly last?: Sent }
  /** It sleeps and has that cancelled after so many milliseconds, and again until it is told so. */
  | { readonly kind: 'cancel'; readonly client: number; readonly after: number }
  | { readonly kind: 'pause'; readonly client: number; readonly milliseconds: number };

/** A case. Between two clients' units the first one's transaction is ended by `closing`. */
export interface Script {
  readonly units: readonly Unit[];
  readonly closing: 'COMMIT' | 'ROLLBACK';
  /** Whether a client sends all its units at once. */
  readonly pipelined: boolean;
  /** Whether the next client asks while the one before has its transaction open still. */
  readonly early: boolean;
  /** How many bytes come at once; undefined for all. */
  readonly chunk: number | undefined;
}

/** Whether it is answered without more ado. */
export function isSent(unit: Unit): unit is Sent {
  return unit.kind === 'text' || unit.kind === 'batch';
}

/** Whether it may end a transaction, one way or the other. */
export function mayEnd(unit: Sent): boolean {
  return /\b(?:commit|end|rollback|abort)\b/i.test(textOf(unit));
}

export function bytesOf(unit: Sent, copies: boolean): Buffer {
  // No server may be left waiting for data; it ignores the message where it does not.
  const fail = copies ? [to.copyFail('no more')] : [];
  if (unit.kind === 'batch') return Buffer.concat([...unit.parts.map(message), ...fail, to.sync()]);
  return Buffer.concat([to.query(unit.statements.join(';')), ...unit.data.map(message), ...fail]);
}

function message(part: Part): Buffer {
  switch (part.kind) {
    case 'parse':
      return to.parse({ name: part.name, text: part.sql, types: [] });
    case 'bind':
      return to.bind({ portal: part.portal, statement: part.name, values: [...part.values] });
    case 'execute':
      return to.execute({ portal: part.portal, rows: part.rows });
    case 'describe':
      return to.describe({ type: part.of, name: part.name });
    case 'close':
      return to.close({ type: part.of, name: part.name });
    case 'data':
      return to.copyData(Buffer.from(part.text));
    case 'flush':
      return to.flush();
    case 'done':
      return to.copyDone();
    case 'fail':
      return to.copyFail('no more');
  }
}

export function textOf(unit: Unit): string {
  if (unit.kind === 'reconnect')
    return `${unit.last === undefined ? `${unit.client}:` : `${textOf(unit.last)}, and`} reconnects`;
  if (unit.kind === 'cancel') return `${unit.client}: is cancelled after ${unit.after} ms`;
  if (unit.kind === 'pause') return `${unit.client}: waits ${unit.milliseconds} ms`;
  if (unit.kind === 'batch') return `${unit.client}: ${[...unit.parts.map(wordsOf), 'sync'].join(', ')}`;
  return `${unit.client}: ${[`"${unit.statements.join('; ')}"`, ...unit.data.map(wordsOf)].join(', ')}`;
}

function wordsOf(part: Part): string {
  switch (part.kind) {
    case 'parse':
      return `parse ${part.name} "${part.sql}"`;
    case 'bind':
      return `bind ${part.portal}<${part.name}(${part.values.join()})`;
    case 'execute':
      return `execute ${part.portal}/${part.rows}`;
    case 'describe':
    case 'close':
      return `${part.kind} ${part.of}${part.name}`;
    case 'data':
      return `data ${JSON.stringify(part.text)}`;
    default:
      return part.kind;
  }
}

/**
 * Whether a server's behaviour is defined: a simple query that has failed in a transaction leaves an unnamed portal
 * which points to memory that is free. To execute or describe it has ended servers (15.18).
 */
export function isDefined(unit: Unit): boolean {
  if (unit.kind !== 'batch') return true;

  const bound = unit.parts.findIndex((part) => part.kind === 'bind' && part.portal === '');
  const used = unit.parts.findIndex(
    (part) =>
      (part.kind === 'execute' && part.portal === '') ||
      (part.kind === 'describe' && part.of === 'P' && part.name === ''),
  );
  return used < 0 || (bound >= 0 && bound < used);
}

export function describeScript(script: Script): string {
  const { units, closing, pipelined, early, chunk } = script;
  const manner = [closing, pipelined && 'pipelined', early && 'early', chunk !== undefined && `chunks of ${chunk}`];
  return [`(${manner.filter(Boolean).join(', ')})`, ...units.map(textOf)].join('\n');
}
