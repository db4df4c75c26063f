// Mocha's own reporter (dot, or the one LOCKSTEP_REPORTER names), which also appends what it counted,
// one JSON line per run, to the file that LOCKSTEP_TOTALS names: test.mjs adds the runs up.
// What our own tests leave open is named and does not keep CI waiting; that a user's run ends by itself
// has tests of its own.
import { appendFileSync } from 'node:fs';

import Mocha from 'mocha';

const name = process.env.LOCKSTEP_REPORTER ?? 'dot';
const Base = Mocha.reporters[name] ?? Mocha.reporters[name[0].toUpperCase() + name.slice(1)];

const GRACE = 15_000;

export default class TotalsReporter extends Base {
  constructor(runner, options) {
    super(runner, options);

    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      const file = process.env.LOCKSTEP_TOTALS;
      if (file) appendFileSync(file, `${JSON.stringify({ passed: passes, failed: failures, skipped: pending })}\n`);
      // Without ref: it fires only if something else keeps the process alive.
      setTimeout(endByForce, GRACE).unref();
    });
  }
}

function endByForce() {
  const handles = process._getActiveHandles().filter((handle) => handle.fd !== 1 && handle.fd !== 2);
  const names = [...handles, ...process._getActiveRequests()].map(described);
  console.error(`\nthe run is over, but the process is kept alive by: ${process.getActiveResourcesInfo().join(', ')}`);
  for (const name of names) console.error(`  ${name}`);
  process.exit();
}

function described(handle) {
  const { pid, spawnargs, remoteAddress, remotePort, localPort, listening } = handle;
  const facts = { pid, spawnargs, remoteAddress, remotePort, localPort, listening, address: handle.address?.() };
  return `${handle.constructor.name} ${JSON.stringify(facts)}`;
}
