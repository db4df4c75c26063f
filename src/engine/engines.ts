import { sqlite } from './sqlite/index.js';

/** Every engine, by the name that the config gives it. */
export const engines: { readonly sqlite: typeof sqlite } = { sqlite };
