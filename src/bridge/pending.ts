import { pendingWork } from './diagnostics.js';
import { activeResources } from './resources.js';
import { tracedResources, tracing } from './trace.js';

/**
 * What is pending at this moment, a sentence each: to be asked for by the runner when the time of a test
 * is over that no synchronous wait watches.
 */
export function pendingNow(): string[] {
  const known = pendingWork();
  return known.length > 0 ? known : openInWords(activeResources());
}

/** What Node has open, and where it came from if that was traced. */
export function openInWords(open: readonly string[]): string[] {
  if (open.length === 0) return [];

  const line = `Node still has open: ${open.join(', ')}`;
  return tracing ? [line, ...tracedResources()] : [`${line} (LOCKSTEP_TRACE=1 tells where they were created)`];
}
