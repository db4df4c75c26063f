import { copyFail, FLUSH, Front } from '../../wire/frontend.js';
import type { Frame } from '../../wire/frontend-reader.js';
import type { Dialogue } from './dialogue.js';

/** COPY FROM STDIN: the client's data goes to the server until it says that this was all. */
export class CopyIn {
  readonly #dialogue: Dialogue;

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  take(frame: Frame): void {
    const { real } = this.#dialogue.hub;
    switch (frame.type) {
      case Front.copyData:
        real.raw(frame.bytes);
        return;
      case Front.copyDone:
      case Front.copyFail:
        real.raw(frame.bytes);
        this.#end();
        return;
      case Front.flush:
      case Front.sync:
        return;
      default:
        real.raw(copyFail(`unexpected message type 0x${frame.type.toString(16)} during COPY from stdin`));
        this.#end();
    }
  }

  #end(): void {
    const dialogue = this.#dialogue;
    dialogue.copying = false;
    dialogue.blocked = dialogue.phase === 'simple' || dialogue.expecting;
    if (dialogue.expecting) dialogue.hub.real.raw(FLUSH);
  }
}
