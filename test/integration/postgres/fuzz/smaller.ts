import type { Lanes } from './lanes.js';
import { isDefined, type Script, type Unit } from './script.js';

/** Scripts that lack something, those that lack most first. */
export function* smallerScripts(script: Script): Generator<Script> {
  for (const smaller of scripts(script)) if (smaller.units.length > 0 && smaller.units.every(isDefined)) yield smaller;
}

/** Lanes that lack something. None of them becomes another client's. */
export function* smallerLanes(lanes: Lanes): Generator<Lanes> {
  for (const [index, { units }] of lanes.entries())
    if (units.length > 0) yield lanes.with(index, { ...lanes[index]!, units: [] });
  for (const [index, script] of lanes.entries())
    for (const smaller of scripts(script)) if (smaller.units.every(isDefined)) yield lanes.with(index, smaller);
}

function* scripts(script: Script): Generator<Script> {
  const { units, early, pipelined, chunk } = script;

  for (const list of without(units)) yield { ...script, units: list };
  for (const [index, unit] of units.entries())
    for (const smaller of smallerUnits(unit)) yield { ...script, units: units.with(index, smaller) };
  if (early) yield { ...script, early: false };
  if (pipelined) yield { ...script, pipelined: false };
  if (chunk !== undefined) yield { ...script, chunk: undefined };
}

function* smallerUnits(unit: Unit): Generator<Unit> {
  if (unit.kind === 'reconnect' && unit.last !== undefined) yield { kind: 'reconnect', client: unit.client };
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
