import { isDefined, type Script, type Unit } from './script.js';

/** The smallest script found that still fails. Every step of it is tried out. */
export async function shrink(script: Script, fails: (smaller: Script) => Promise<boolean>): Promise<Script> {
  let smallest = script;

  for (let changed = true; changed;) {
    changed = false;
    for (const smaller of smallerOnes(smallest)) {
      if (!smaller.units.every(isDefined) || !(await fails(smaller))) continue;
      smallest = smaller;
      changed = true;
      break;
    }
  }
  return smallest;
}

function* smallerOnes(script: Script): Generator<Script> {
  const { units, early, pipelined, chunk } = script;

  for (const list of without(units)) if (list.length > 0) yield { ...script, units: list };
  for (const [index, unit] of units.entries())
    for (const smaller of smallerUnits(unit)) yield { ...script, units: units.with(index, smaller) };
  if (early) yield { ...script, early: false };
  if (pipelined) yield { ...script, pipelined: false };
  if (chunk !== undefined) yield { ...script, chunk: undefined };
}

function* smallerUnits(unit: Unit): Generator<Unit> {
  if (unit.kind === 'batch') for (const parts of without(unit.parts)) yield { ...unit, parts };
  if (unit.kind !== 'text') return;

  for (const statements of without(unit.statements)) if (statements.length > 0) yield { ...unit, statements };
  if (unit.data.length > 0) yield { ...unit, data: [] };
}

/** Lists that lack something, those that lack most first. */
function* without<Value>(list: readonly Value[]): Generator<Value[]> {
  for (let size = Math.floor(list.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let from = 0; from < list.length; from += size) yield list.filter((_, at) => at < from || at >= from + size);
  if (list.length === 1) yield [];
}
