import { BIND_COMPLETE, CLOSE_COMPLETE, NO_DATA, NO_PARAMETERS, PARSE_COMPLETE } from '../../wire/backend.js';
import * as front from '../../wire/frontend.js';
import { Front } from '../../wire/frontend.js';
import type { Frame } from '../../wire/frontend-reader.js';
import { MalformedMessage } from '../../wire/malformed.js';
import { lockstepFailure } from '../failure.js';
import { readScript } from '../statement.js';
import { effectsOf, endsNothing, UNKNOWN } from './admission.js';
import type { Batch } from './batch.js';
import type { Dialogue } from './dialogue.js';
import type { Execution } from './execution.js';
import type { OwnStatements } from './own-statements.js';
import { ends, type Prepared } from './prepared-statements.js';
import { wordsFor } from './setup.js';

const TAKEN = 'lockstep_taken';
const NO_TYPES = Buffer.alloc(2);
const NO_VALUES = Buffer.alloc(6);

/** The messages of the extended protocol, except Execute: statements are prepared, bound, described and closed. */
export class ExtendedQuery {
  readonly #dialogue: Dialogue;
  readonly #batch: Batch;
  readonly #execution: Execution;
  readonly #own: OwnStatements;
  readonly #begin: (frame: Frame) => void;

  /** @param begin begins another unit with this message. */
  constructor(
    dialogue: Dialogue,
    batch: Batch,
    execution: Execution,
    own: OwnStatements,
    begin: (frame: Frame) => void,
  ) {
    this.#dialogue = dialogue;
    this.#batch = batch;
    this.#execution = execution;
    this.#own = own;
    this.#begin = begin;
  }

  take(frame: Frame): void {
    const { emulation, hub } = this.#dialogue;
    const { real } = hub;
    const refusal = this.#refusal(frame);
    if (refusal !== undefined) return this.#batch.work(() => emulation.rejectWith(lockstepFailure(refusal)));

    switch (frame.type) {
      case Front.parse:
        return this.#parse(frame);
      case Front.bind:
        return this.#bind(frame);
      case Front.describe:
        return this.#describe(frame);
      case Front.execute:
        return this.#execution.execute(frame);
      case Front.close:
        return this.#close(frame);
      case Front.flush:
        if (!real.idle) real.raw(front.FLUSH);
        return;
      case Front.sync:
        return this.#batch.sync();
      case Front.query:
      case Front.functionCall:
        // Nobody mixes the two without a Sync; whoever does gets one.
        return this.#dialogue.afterAnswers(() => this.#batch.end(() => this.#begin(frame)));
      case Front.copyData:
      case Front.copyDone:
      case Front.copyFail:
        return;
      default:
        throw new MalformedMessage(`invalid frontend message type ${frame.type}`);
    }
  }

  /** Why a message must not run that comes behind a COMMIT or ROLLBACK which needed nobody's leave. */
  #refusal(frame: Frame): Error | undefined {
    const { client, hub, unadmitted } = this.#dialogue;
    if (unadmitted === undefined || this.#isAnsweredHere(frame)) return undefined;

    this.#dialogue.unadmitted = undefined;
    const effects = frame.type === Front.parse ? effectsOf(readScript(front.readParse(frame).sql)) : UNKNOWN;
    return hub.scopes.admit(client, effects, unadmitted.owner);
  }

  #isAnsweredHere(frame: Frame): boolean {
    const { client, portals, statements } = this.#dialogue;
    switch (frame.type) {
      case Front.parse:
        return endsNothing(client, effectsOf(readScript(front.readParse(frame).sql)));
      case Front.bind:
        return statements.get(front.readBind(frame).statement)?.local === true;
      case Front.describe: {
        const { kind, name } = front.readTarget(frame);
        return (kind === 'statement' ? statements.get(name) : portals.get(name)?.prepared)?.local === true;
      }
      case Front.execute:
        return portals.get(front.readExecute(frame).portal)?.prepared?.local === true;
      default:
        return true;
    }
  }

  #parse(frame: Frame): void {
    const { client, emulation, hub, statements } = this.#dialogue;
    const { name, sql, rest } = front.readParse(frame);
    const script = readScript(sql);
    const statement = script.statements.length === 1 ? script.statements[0] : undefined;
    client.lastSql = sql;
    hub.scopes.saw(client, sql);
    hub.ground.belongings.saw(client.id, sql);

    if (hub.scopes.settingUp) {
      const words = wordsFor(sql, script, this.#dialogue);
      return this.#prepare(frame, name, { sql, statement, local: false, rest, words, on: undefined });
    }
    if (statement === undefined || !this.#own.has(statement, 'alone'))
      return this.#prepare(frame, name, { sql, statement, local: false, rest, on: undefined });

    if (statement.effect.kind === 'refused') return this.#batch.work(() => this.#own.carryOut(statement));
    if (emulation.transaction.failed && !ends(statement)) return this.#rejectParse(name);
    if (name !== '' && statements.has(name)) return this.#rejectTwice(name);

    const restore = statements.set(name, { sql, statement, local: true, rest, on: undefined });
    hub.real.local(PARSE_COMPLETE, client, restore);
  }

  #prepare(frame: Frame, name: string, prepared: Prepared): void {
    const { client, hub, statements } = this.#dialogue;
    const { real } = hub;
    this.#batch.enter(true);

    const own = statements.realText(prepared);
    const text = hub.wording.textOf(own);
    this.#dialogue.sent = own;
    const bytes =
      name === '' && text === prepared.sql ? frame.bytes : front.parse(statements.realName(name), text, prepared.rest);
    if (name !== '' && statements.get(name)?.local === true) {
      // Its own errors come first, so the server has a look at it.
      this.#batch.forward(bytes, 'parse', undefined, true);
      real.send(front.close({ kind: 'statement', name: statements.realName(name) }), { kind: 'close', to: undefined });
      return this.#rejectTwice(name);
    }
    prepared.on = real;
    const restore = statements.set(name, prepared);
    if (name !== '') return this.#batch.forward(bytes, 'parse', restore);

    const { unnamed } = hub.ground;
    hub.ground.unnamed = client;
    this.#batch.forward(bytes, 'parse', (error) => {
      restore(error);
      hub.ground.unnamed = error === undefined ? unnamed : undefined;
    });
  }

  #bind(frame: Frame): void {
    const { client, emulation, hub, log, portals, statements } = this.#dialogue;
    const { portal, statement: name, rest } = front.readBind(frame);
    const prepared = statements.get(name);

    if (prepared === undefined && name === '')
      return this.#batch.reject('26000', 'unnamed prepared statement does not exist');
    const given = prepared?.local === true ? front.countValues(rest) : 0;
    if (given > 0)
      return this.#batch.reject(
        '08P01',
        `bind message supplies ${given} parameters, but prepared statement "${name}" requires 0`,
      );
    const taken = portal === '' ? undefined : portals.get(portal);
    if (prepared?.local === true && emulation.transaction.failed && !ends(prepared.statement))
      return this.#rejectAborted();
    if (prepared?.local === true && taken !== undefined) return this.#rejectTaken(portal);
    if (prepared !== undefined) client.lastSql = this.#dialogue.sent = prepared.sql;
    if (prepared?.local === true) return hub.real.local(BIND_COMPLETE, client, portals.bind(portal, prepared, rest));

    this.#batch.enter(true);
    if (prepared !== undefined) this.#replay(name, prepared);
    if (taken?.prepared?.local === true && !emulation.transaction.failed) this.#take(portal);
    log.bound(portal);
    const restore = portals.bind(portal, prepared, rest);
    const bytes = name === '' ? frame.bytes : front.bind(portal, statements.realName(name), rest);
    this.#batch.forward(bytes, 'bind', restore);
  }

  #describe(frame: Frame): void {
    const { client, emulation, hub, portals, statements } = this.#dialogue;
    const { kind, name } = front.readTarget(frame);
    const prepared = kind === 'statement' ? statements.get(name) : portals.get(name)?.prepared;

    if (kind === 'portal' && name === '' && emulation.transaction.failed && portals.get('')?.late === false)
      // A server that is asked for what a failed query has left of it may come to its end (15.18).
      return this.#rejectAborted();
    if (prepared?.local === true) {
      if (kind === 'statement') hub.real.local(NO_PARAMETERS, client);
      return hub.real.local(NO_DATA, client);
    }
    if (name === '' && prepared === undefined) {
      if (kind === 'statement') return this.#batch.reject('26000', 'unnamed prepared statement does not exist');
      if (portals.get('') === undefined) return this.#batch.reject('34000', 'portal "" does not exist');
    }

    this.#batch.enter(true);
    if (kind === 'statement' && prepared !== undefined) this.#replay(name, prepared);
    const known = kind === 'portal' || name === '';
    this.#batch.forward(known ? frame.bytes : front.describe({ kind, name: statements.realName(name) }), kind);
  }

  #close(frame: Frame): void {
    const { client, hub, portals, statements } = this.#dialogue;
    const { kind, name } = front.readTarget(frame);
    const prepared = kind === 'statement' ? statements.get(name) : portals.get(name)?.prepared;
    const restore = (kind === 'statement' ? statements : portals).delete(name);

    if (prepared?.local === true || (name === '' && prepared === undefined))
      return hub.real.local(CLOSE_COMPLETE, client, restore);
    const known = kind === 'portal' || name === '';
    const bytes = known ? frame.bytes : front.close({ kind, name: statements.realName(name) });
    this.#batch.forward(bytes, 'close', restore);
  }

  #replay(name: string, prepared: Prepared): void {
    const dialogue = this.#dialogue;
    const { unit } = dialogue;
    dialogue.statements.replay(name, prepared, (error) => {
      if (unit === dialogue.unit) this.#batch.fail(error, prepared.sql);
    });
  }

  /** What a failed transaction says to everything but its end. */
  #rejectAborted(): void {
    this.#batch.work(() => this.#dialogue.emulation.rejectAborted());
  }

  /** A server lets go of the unnamed statement before it looks at the text of the next. */
  #rejectParse(name: string): void {
    const { emulation, statements } = this.#dialogue;
    this.#batch.work(() => {
      if (name === '') statements.deleteUnnamed();
      return emulation.rejectAborted();
    });
  }

  #rejectTaken(portal: string): void {
    this.#batch.reject('42P03', `cursor "${portal}" already exists`);
  }

  /** The server has to know that the relay's own portal is there, because it alone knows when it comes upon it. */
  #take(portal: string): void {
    const { real } = this.#dialogue.hub;
    const unseen = { to: undefined };
    real.send(front.parse(TAKEN, '', NO_TYPES), { kind: 'parse', ...unseen });
    real.send(front.bind(portal, TAKEN, NO_VALUES), { kind: 'bind', ...unseen });
    real.send(front.close({ kind: 'statement', name: TAKEN }), { kind: 'close', ...unseen });
  }

  #rejectTwice(name: string): void {
    this.#batch.reject('42P05', `prepared statement "${name}" already exists`);
  }
}
