/** What `require('better-sqlite3')` gets while it is swapped: the driver itself, as the real module gives it. */
interface Shared {
  readonly drivers: ReadonlyMap<string, unknown>;
}

module.exports = (Reflect.get(globalThis, Symbol.for('lockstep.swap')) as Shared).drivers.get('better-sqlite3');
