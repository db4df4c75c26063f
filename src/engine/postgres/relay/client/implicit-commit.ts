import type { Work } from '../work.js';
import type { Dialogue } from './dialogue.js';

/**
 * Commits the implicit transaction of a text or a batch.
 *
 * @param held The last command tag's message: the client gets it only if the commit succeeds.
 * @param kept A portal that stays.
 */
export function* commitImplicitly(dialogue: Dialogue, held: Buffer | undefined, kept?: string): Work {
  dialogue.portals.close(kept);
  const error = yield* dialogue.emulation.commit(() => {
    if (held !== undefined) dialogue.client.send(held);
  });
  if (error === undefined) return;

  dialogue.failed = true;
  dialogue.log.undone(error, dialogue.began);
  dialogue.client.send(error);
}
