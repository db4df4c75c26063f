import { inspect, type InspectOptions } from 'node:util';
import { isConstructor } from './kinds.js';

/**
 * The object behind a proxy, as far as the language looks at it: whether it is a list, can be called
 * or constructed. It is not the original, because a proxy has to show the frozen properties of the
 * object behind it as they are, and a frozen service's methods shall be syncified too.
 */
export function shadowOf(original: object): object {
  const shadow = shapeOf(original);

  // console.log and assertion messages look behind a proxy, without asking it.
  Object.defineProperty(shadow, inspect.custom, {
    configurable: true,
    value: (depth: number, options: InspectOptions) => inspect(original, { ...options, depth }),
  });
  return shadow;
}

function shapeOf(original: object): object {
  if (Array.isArray(original)) return [];
  if (typeof original !== 'function') return {};
  if (!isConstructor(original)) return () => undefined;

  const constructor = function (): void {
    // Only its shape matters.
  };
  const prototype = Object.getOwnPropertyDescriptor(original, 'prototype');

  // A bound function is one that can be constructed and has no prototype.
  if (prototype === undefined) return constructor.bind(undefined);
  return Object.defineProperty(constructor, 'prototype', prototype);
}
