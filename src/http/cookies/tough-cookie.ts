import type * as ToughCookie from 'tough-cookie';
import { lazily } from '../../lazily.js';

/** Loaded by the first cookie: with the list of public suffixes it takes longer than all of our own code. */
export const toughCookie: () => typeof ToughCookie = lazily('tough-cookie');
