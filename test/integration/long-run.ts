/** What a suite goes through: `always`, and what does not fit into `npm test` as well in `npm run test:long`. */
export function inLongRun<T>(always: readonly T[], more: readonly T[]): readonly T[] {
  return process.env['LOCKSTEP_LONG'] === '1' ? [...always, ...more] : always;
}
