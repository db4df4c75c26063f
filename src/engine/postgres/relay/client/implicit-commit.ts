import type { Work } from '../emulation.js';
import type { Dialogue } from './dialogue.js';

/**
 * Commits the implicit transaction of a text or a batch.
 *
 * @param held The last command tag's message: the client gets it only if the commit succeeds.
 */
export function* commitImplicitly(dialogue: Dialogue, held: Buffer | undefined): Work {
  dialogue.portals.close();
  const error = yield* dialogue.emulation.commit(() => {
    if (held !== undefined) dialogue.client.send(held);
  });
  if (error === undefined) return;

  dialogue.failed = true;
  dialogue.log.undone(error, dialogue.began);
  dialogue.client.send(error);
}
