import { url } from 'node:inspector';

/** Whether a debugger can be attached to this process. */
export function inspector(): boolean {
  return url() !== undefined;
}
