import { findAddon } from '../native/addon.js';
import { operationsInProgress } from './app-work.js';
import { state } from './state.js';

/** What Node has in progress that ends by itself, at one moment. */
export interface WorkMark {
  /** Requests to the system and the thread pool: files, look-ups, connections being opened, hashes, compression. */
  readonly requests: number;
  /** Immediates that are still to run. */
  readonly immediates: number;
}

/** Counts it; only what comes in addition later is of those who run from now on. */
export function markWork(): WorkMark {
  return { requests: requests(), immediates: state.immediates };
}

/** Whether something has come in addition and is not over. */
export function workSince(mark: WorkMark): boolean {
  return state.immediates > mark.immediates || requests() > mark.requests;
}

/** What that is, in words. */
export function describeWorkSince(mark: WorkMark): string[] {
  const words: string[] = [];
  if (state.immediates > mark.immediates) words.push('an immediate');
  if (requests() > mark.requests) {
    const known = operationsInProgress();
    // Node's lists lack what runs in the thread pool.
    words.push(...(known.length > 0 ? known : ['work of the thread pool (crypto, zlib)']));
  }
  return words;
}

/** Without the addon only those that Node lists. */
function requests(): number {
  return findAddon()?.activeRequests() ?? operationsInProgress().length;
}
