import type { Client } from '../client/client.js';
import type { Hub } from './hub.js';

/** A client has gone that has the turn: its transaction is rolled back and the turn handed on. */
export function depart(hub: Hub, client: Client): void {
  const { link } = hub;
  const release = (): void => {
    // The request could meet a statement of whoever is next.
    if (link.cancelling) link.whenCancelled(release);
    else if (client.realStatus !== 'I') link.real.ask('ROLLBACK', () => releaseTurn(hub, client));
    else {
      client.emulation.undo();
      client.emulation.transaction.reset();
      releaseTurn(hub, client);
    }
  };

  if (link.real.idle) return release();
  link.whenIdle(release);
  link.hurry(() => hub.turns.holder === client);
}

function releaseTurn(hub: Hub, client: Client): void {
  client.realStatus = 'I';
  if (hub.turns.holder === client) hub.turns.release(client);
  hub.tidy();
  hub.flush();
}
