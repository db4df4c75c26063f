import { readFields } from '../../wire/backend.js';
import type { Client } from '../client/client.js';
import { FIRST_PROCESS_ID, SIGNALLED } from '../overrides.js';
import type { Hub } from './hub.js';

const SIGNALS = /\bpg_(cancel|terminate)_backend\b/i;
const ASKS = /\bpg_backend_pid\b/i;

/**
 * pg_cancel_backend and pg_terminate_backend, which in a sandbox must not reach the one real backend
 * but the client that is meant: by the number that the client was given when it connected, or by
 * that of the real backend, which is what pg_backend_pid() gives to everyone.
 */
export class Backends {
  readonly #hub: Hub;
  readonly #clients: ReadonlyMap<number, Client>;
  /** Those who have asked for their number, the last one at the end. */
  readonly #asked = new Set<Client>();
  /** Callers whose call has had its effect before it had its turn. */
  readonly #foreseen = new WeakSet<Client>();

  constructor(hub: Hub, clients: ReadonlyMap<number, Client>) {
    this.#hub = hub;
    this.#clients = clients;
  }

  /** The client, which has the turn, begins a unit with the text. */
  saw(client: Client, sql: string): void {
    const { working, transaction } = client.emulation;
    if (SIGNALS.test(sql)) this.#hub.ground.signalling(working && transaction.open && !transaction.failed);
    if (!ASKS.test(sql)) return;
    this.#asked.delete(client);
    this.#asked.add(client);
  }

  gone(client: Client): void {
    this.#asked.delete(client);
  }

  /** Whoever waits for its turn to end whoever has it would wait for nothing. */
  foresee(caller: Client, sql: string, unread: Buffer): void {
    const verb = SIGNALS.exec(sql)?.[1]?.toLowerCase();
    const { holder } = this.#hub.turns;
    if (verb === undefined || holder === undefined || ASKS.test(sql)) return;

    const numbers = new Set([...digits(sql), ...digits(unread.toString('latin1'))]);
    if (![...numbers].some((number) => this.meant(caller, sql, number) === holder)) return;
    this.#foreseen.add(caller);
    this.signal(verb, holder);
  }

  /** A notice of the server; true if one of the two functions was called. */
  called(bytes: Buffer): boolean {
    if (!bytes.includes(SIGNALLED)) return false;

    const { C, M = '', D = '' } = readFields(bytes);
    if (C !== SIGNALLED) return false;
    const { holder } = this.#hub.turns;
    if (holder === undefined || this.#foreseen.delete(holder)) return true;
    const meant = this.meant(holder, holder.lastSql ?? '', Number(D));
    if (meant === holder) this.signal(M, meant);
    // Whoever calls is answered first.
    else if (meant !== undefined) this.#hub.later(() => this.signal(M, meant));
    return true;
  }

  /**
   * Who is meant by a number: whoever was last to ask for that of the one backend, unless the caller means itself in
   * the same breath.
   */
  meant(caller: Client, sql: string, number: number): Client | undefined {
    if (number >= FIRST_PROCESS_ID) return this.#clients.get(number - FIRST_PROCESS_ID);
    if (number !== this.#hub.link.processId) return undefined;
    if (ASKS.test(sql)) return caller;
    return [...this.#asked].findLast((client) => client !== caller) ?? caller;
  }

  signal(verb: string, client: Client): void {
    if (!this.#hub.isConnected(client)) return;
    if (verb === 'terminate') client.terminated();
    else this.#hub.cancelClient(client);
  }
}

function digits(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}
