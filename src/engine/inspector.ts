import type Inspector from 'node:inspector';
import { lazily } from '../lazily.js';

const inspectorModule = lazily<typeof Inspector>('node:inspector');

/** Whether a debugger can be attached to this process. */
export function inspector(): boolean {
  return inspectorModule().url() !== undefined;
}
