import type { Dialect } from '../sql/dialect.js';
import type { Effect } from '../sql/effect.js';
import { FORWARD, IDLE, type Plan, Steps, type TransactionState } from './transaction-plan.js';
import { transactionRules } from './transaction-rules.js';

export type { Plan, TransactionState } from './transaction-plan.js';

/**
 * The transaction that one client of the sandbox believes it has: on the real connection it is a
 * savepoint inside the outer transaction, and the client cannot reach below it.
 *
 * ```ts
 * const plan = transaction.plan(classify(sql, 'sqlite'));
 * // act on the plan; when all of plan.send has succeeded:
 * transaction.done(plan);
 * ```
 *
 * A plan changes nothing until `done`: if a statement of it fails, leave `done` out, and the
 * transaction stands where it stood. Call `done` for a rejection too, because in Postgres the
 * error aborts the transaction.
 */
export class VirtualTransaction {
  readonly #dialect: Dialect;
  readonly #steps: Steps;
  #state: TransactionState = IDLE;
  #begun = 0;
  /** What really begins it, while that is put off. */
  #putOff: readonly string[] = [];

  /** `connection` names the virtual connection; no two of a sandbox may have the same. */
  constructor(connection: string, dialect: Dialect) {
    this.#dialect = dialect;
    this.#steps = new Steps(savepointPrefix(connection));
  }

  /** Whether the client has a transaction open, failed or not. */
  get open(): boolean {
    return this.#state.phase !== 'idle';
  }

  /** Which of the client's transactions is open, counted from 1; undefined outside of one. */
  get number(): number | undefined {
    return this.open ? this.#begun : undefined;
  }

  /** How many savepoints the client holds on the real connection: 0 outside a transaction. */
  get depth(): number {
    const { phase, rooted, marks, hollow } = this.#state;
    if (phase === 'idle' || hollow || this.deferred) return 0;
    return marks.length + (rooted ? 0 : 1);
  }

  /** Whether an error has aborted the transaction (Postgres only). */
  get failed(): boolean {
    return this.#state.phase === 'failed';
  }

  /** Whether nothing of it is left on the real connection: its client can only end it. */
  get hollow(): boolean {
    return this.#state.hollow;
  }

  /** Whether it has begun for its client alone: nothing of it is on the real connection yet. */
  get deferred(): boolean {
    return this.#putOff.length > 0;
  }

  /** What to do with a statement of that effect now. */
  plan(effect: Effect): Plan {
    if (this.#state.hollow) return this.#planHollow(effect);
    if (this.deferred && (effect.kind === 'commit' || effect.kind === 'rollback'))
      return this.#steps.endHollow(this.#state, false);
    // Nearly all statements: no state has a say in them, unless it is the failed one.
    if ((effect.kind === 'read' || effect.kind === 'write') && !this.failed) return FORWARD;
    return transactionRules[this.#dialect](this.#steps, this.#state, effect);
  }

  /** In Postgres it is like one that has failed; elsewhere a commit has nothing to keep. */
  #planHollow(effect: Effect): Plan {
    const ends = effect.kind === 'commit' || effect.kind === 'rollback';
    const keeps = effect.kind === 'commit' && this.#dialect === 'sqlite';
    if (!ends || keeps) return transactionRules[this.#dialect](this.#steps, IDLE, effect);
    return this.#steps.endHollow(this.#state, effect.chain);
  }

  /** The plan was carried out. It must be the one made last. */
  done(plan: Plan): void {
    if (!('next' in plan)) return;
    // COMMIT AND CHAIN ends one and begins the next.
    const another = !this.open || plan.kind === 'close';
    this.#state = plan.next;
    if (!this.open) this.#putOff = [];
    if (another && this.open) this.#begun += 1;
  }

  /** Begins by that plan, of which nothing is sent before `start`. */
  defer(plan: Plan): void {
    this.done(plan);
    if (plan.kind === 'open') this.#putOff = plan.send;
  }

  /** What was put off, which is to be sent now. */
  start(): readonly string[] {
    const send = this.#putOff;
    this.#putOff = [];
    return send;
  }

  /** A statement inside the transaction failed: Postgres aborts the transaction, the others go on. */
  fail(): void {
    if (this.#dialect === 'postgres' && this.open) this.#state = { ...this.#state, phase: 'failed' };
  }

  /** All of it was undone, which its client does not know. */
  hollowOut(): void {
    this.#putOff = [];
    const phase = this.#dialect === 'postgres' ? 'failed' : 'open';
    if (this.open) this.#state = { ...this.#state, phase, rooted: false, marks: [], hollow: true };
  }

  /** The transaction is gone, as after the end of the test. */
  reset(): void {
    this.#putOff = [];
    this.#state = IDLE;
  }
}

/**
 * A name is legible and not too long for Postgres (63 bytes), and different connections have
 * different ones: the hash tells apart those that look the same without their signs and case.
 */
function savepointPrefix(connection: string): string {
  const legible = connection
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 32);

  let hash = 0x811c9dc5;
  for (let at = 0; at < connection.length; at += 1) {
    hash = Math.imul(hash ^ connection.charCodeAt(at), 0x01000193) >>> 0;
  }
  return `lockstep_${legible}_${hash.toString(36)}`;
}
