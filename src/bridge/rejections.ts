import { state } from './state.js';

/**
 * Takes rejections that nobody handles while a wait is in progress, for that wait to throw. mocha
 * listens to them as well, and passes them on to whoever else listens, which is why one may arrive
 * twice. Returns what stops taking them.
 */
export function takeRejections(): () => void {
  process.on('unhandledRejection', take);
  return () => process.removeListener('unhandledRejection', take);
}

function take(reason: unknown): void {
  if (state.waiting !== undefined && !state.thrown.includes(reason)) state.thrown.push(reason);
}
