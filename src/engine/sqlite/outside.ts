import { OutsideError } from '../../errors.js';

/** Why nobody is led out of a sandbox of SQLite. */
export function notOutside(): OutsideError {
  return new OutsideError({
    what: 'outside(this) was used, and the config has a SQLite database.',
    why: 'Real databases beside the sandbox are made for Postgres only.',
    remedy: 'Test it on a file of its own that no drop-in driver of Lockstep opens.',
  });
}
