import type { AppKind } from './app.js';
import { guard, isMiddlewareApp } from './guard.js';
import type { MiddlewareApp } from './guard.js';
import { runOnOwnServer } from './own-server.js';

/** Express 4 and 5, and Connect. */
export const express: AppKind<MiddlewareApp> = {
  name: 'Express',
  matches: isMiddlewareApp,

  run(app, failures) {
    return Promise.resolve(runOnOwnServer('Express', guard(app, failures), failures));
  },
};
