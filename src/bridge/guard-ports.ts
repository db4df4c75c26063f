import type { Callback } from './assignment.js';
import { guardedTurn } from './guarded.js';
import { native } from './native.js';
import { runAsNobody } from './ownership.js';

/** Under which all of Node's event targets are told of an event (lib/internal/event_target.js). */
const DISPATCH = Symbol.for('nodejs.internal.kHybridDispatch');

interface Port {
  [DISPATCH]?: Callback;
}

/**
 * Guards the arrival of messages, each of which C++ passes on through `dispatch(data, 'message')`
 * (lib/internal/per_context/messageport.js). One dispatched by JavaScript comes with its event.
 */
export function guardPorts(): () => void {
  const { port1: sample } = new native.MessageChannel();
  const prototype = Object.getPrototypeOf(sample) as Port;
  const { [DISPATCH]: dispatch } = prototype;
  sample.close();
  if (dispatch === undefined || Object.hasOwn(prototype, DISPATCH)) return () => undefined;

  Object.defineProperty(prototype, DISPATCH, {
    configurable: true,
    value(this: unknown, ...args: unknown[]): unknown {
      const arrived = args[1] === 'message' && args[2] === undefined;
      if (!arrived) return Reflect.apply(dispatch, this, args);
      return runAsNobody(() => guardedTurn(dispatch, this, args));
    },
  });
  return () => {
    Reflect.deleteProperty(prototype, DISPATCH);
  };
}
