import {
  BIND_COMPLETE,
  CLOSE_COMPLETE,
  columnDescription,
  commandComplete,
  dataRow,
  PARSE_COMPLETE,
  parameterDescription,
} from '../../wire/backend.js';
import { Front, readBind, readParse, readQuery, readTarget, resultFormat, valueAt } from '../../wire/frontend.js';
import type { Frame } from '../../wire/frontend-reader.js';
import { readSignalCall, type SignalCall } from '../signal-call.js';
import { readScript } from '../statement.js';
import type { Client } from './client.js';
import type { Dialogue } from './dialogue.js';

const BOOLEAN = 16;
const INTEGER = 23;
const TRUE: readonly Buffer[] = [Buffer.from('t'), Buffer.from([1])];
/** The messages of a batch that runs one statement. */
const BATCH = /^P?BD?EC*S$/;

/**
 * A unit that only cancels or ends another client. It needs no server, and must not wait for its turn: the one that
 * is meant may be who has it, or may wait for it just as well.
 */
export class OutOfTurn {
  readonly #dialogue: Dialogue;

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  /** Whether it has answered the unit that begins with this message. */
  take(frame: Frame): boolean {
    const { client, emulation } = this.#dialogue;
    if (emulation.transaction.failed || client.realStatus === 'E') return false;

    const call = readSignalCall(client.lastSql ?? '');
    return call !== undefined && (frame.type === Front.query ? this.#query(frame, call) : this.#batch(frame, call));
  }

  #query(frame: Frame, call: SignalCall): boolean {
    const sql = readQuery(frame);
    const meant = this.#meant(sql, call.number);
    if (meant === undefined) return false;

    this.#dialogue.statements.deleteUnnamed();
    this.#answer(sql, call, meant, [columnDescription(call.column, BOOLEAN, 1, 0), dataRow(TRUE[0] as Buffer), DONE]);
    return true;
  }

  /** A batch whose messages have all come. */
  #batch(first: Frame, call: SignalCall): boolean {
    const { client } = this.#dialogue;
    const rest = framesUpToSync(client.unread);
    const frames = [first, ...rest];
    const bound = frames.find(({ type }) => type === Front.bind);
    if (bound === undefined || !BATCH.test(String.fromCharCode(...frames.map(({ type }) => type)))) return false;
    const name = first.type === Front.parse ? readParse(first).name : '';
    if (name !== '' && this.#dialogue.statements.has(name)) return false;

    const { rest: values } = readBind(bound);
    const number = call.number ?? Number(valueAt(values, call.parameter ?? 0));
    const meant = this.#meant(client.lastSql ?? '', number);
    if (meant === undefined) return false;

    client.skip(rest.length);
    this.#answer(
      client.lastSql ?? '',
      call,
      meant,
      frames.flatMap((frame) => this.#reply(frame, call, resultFormat(values))),
    );
    return true;
  }

  #reply(frame: Frame, { column, parameter }: SignalCall, format: number): readonly Buffer[] {
    switch (frame.type) {
      case Front.parse: {
        const { name, sql, rest } = readParse(frame);
        const [statement] = readScript(sql).statements;
        this.#dialogue.statements.set(name, { sql, statement, local: false, rest, on: undefined });
        return [PARSE_COMPLETE];
      }
      case Front.bind:
        return [BIND_COMPLETE];
      case Front.describe:
        return readTarget(frame).kind === 'portal'
          ? [columnDescription(column, BOOLEAN, 1, format)]
          : [parameterDescription(parameter === undefined ? [] : [INTEGER]), columnDescription(column, BOOLEAN, 1, 0)];
      case Front.execute:
        return [dataRow(TRUE[format] ?? (TRUE[0] as Buffer)), DONE];
      case Front.close: {
        const { kind, name } = readTarget(frame);
        if (kind === 'statement') this.#dialogue.statements.delete(name);
        return [CLOSE_COMPLETE];
      }
      default:
        return [];
    }
  }

  /** Nobody is meant whom the relay does not know, and whoever means itself has to run something to be stopped. */
  #meant(sql: string, number: number | undefined): Client | undefined {
    const { client, hub } = this.#dialogue;
    const meant = number === undefined ? undefined : hub.backends.meant(client, sql, number);
    return meant === client ? undefined : meant;
  }

  #answer(sql: string, { verb }: SignalCall, meant: Client, answer: readonly Buffer[]): void {
    const dialogue = this.#dialogue;
    const { client, hub, log } = dialogue;
    for (const bytes of answer) client.send(bytes);
    log.succeeded(sql, hub.now(), 'SELECT 1');
    hub.noticeboard.finished(client);
    dialogue.ready();
    // Whoever calls is answered first.
    client.flush();
    hub.backends.signal(verb, meant);
  }
}

const DONE = commandComplete('SELECT 1');

/** The messages that have come, if a Sync is among them. */
function framesUpToSync(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];

  for (let at = 0; bytes.length - at >= 5;) {
    const end = at + bytes.readInt32BE(at + 1) + 1;
    if (end < at + 5 || end > bytes.length) break;
    const frame = { type: bytes[at] ?? 0, bytes: bytes.subarray(at, end) };
    frames.push(frame);
    if (frame.type === Front.sync) return frames;
    at = end;
  }
  return [];
}
