import { errorResponse, readFields } from '../../wire/backend.js';
import { withNotifyFunctions } from '../notify-in-bodies.js';
import { type Reworded, rewordedTwice } from '../reworded.js';
import { withStatementClock } from '../statement-clock.js';
import type { Hub } from './hub.js';
import type { Surroundings } from './surroundings.js';

/** Words for the server that take the place of a client's, where functions cannot. */
export class Wording {
  readonly #hub: Hub;
  readonly #surroundings: Surroundings;

  constructor(hub: Hub, surroundings: Surroundings) {
    this.#hub = hub;
    this.#surroundings = surroundings;
  }

  /** Whether functions of the server may be replaced, which takes a superuser, and what is made of them may stay. */
  get #replaces(): boolean {
    const { link, scopes } = this.#hub;
    return (this.#surroundings.ownDatabase || !scopes.settingUp) && link.defaults.get('is_superuser') === 'on';
  }

  #reword(sql: string): Reworded | undefined {
    if (!this.#replaces) return undefined;

    const heard = withNotifyFunctions(sql);
    const timed = this.#surroundings.overrides.length === 0 ? undefined : withStatementClock(heard?.text ?? sql);
    return heard !== undefined && timed !== undefined ? rewordedTwice(heard, timed) : (timed ?? heard);
  }

  /** What the server gets for a client's text. */
  textOf(sql: string): string {
    return this.#reword(sql)?.text ?? sql;
  }

  /** An error as the server would tell it of the client's own text: the place in it that it points to. */
  ofOwnText(error: Buffer, sql: string): Buffer {
    const reworded = this.#reword(sql);
    if (reworded === undefined) return error;

    const fields = readFields(error);
    const place = Number(fields['P']);
    return Number.isNaN(place) ? error : errorResponse({ ...fields, P: String(reworded.back(place - 1) + 1) });
  }
}
