/** Replaces the app's database driver by Lockstep's, through Node's module hooks. */

export { loadedByOthers, swap } from './swap.js';
export type { SwapRequest } from './swap.js';
export { requireReal } from './real.js';
export { swapState } from './state.js';
