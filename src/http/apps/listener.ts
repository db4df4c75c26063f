import type { AppKind } from './app.js';
import { guard } from './guard.js';
import type { Listener } from './guard.js';
import { runOnOwnServer } from './own-server.js';

/** A plain `(request, response)` function. */
export const listener: AppKind<Listener> = {
  name: 'listener',
  // With no parameter it is a factory; with one it may be a fetch handler, which is another contract.
  matches: (value): value is Listener => typeof value === 'function' && value.length >= 2,

  run(app, failures) {
    return Promise.resolve(runOnOwnServer('listener', guard(app, failures), failures));
  },
};
