// Mocha's own reporter (dot, or the one LOCKSTEP_REPORTER names), which also appends what it counted,
// one JSON line per run, to the file that LOCKSTEP_TOTALS names: test.mjs adds the runs up.
// With LOCKSTEP_SLOW=1 it ends with the files that took longest, in seconds.
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
    if (process.env.LOCKSTEP_SLOW === '1') listFiles(runner);

    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      const file = process.env.LOCKSTEP_TOTALS;
      if (file) appendFileSync(file, `${JSON.stringify({ passed: passes, failed: failures, skipped: pending })}\n`);
      // Without ref: it fires only if something else keeps the process alive.
      setTimeout(endByForce, GRACE).unref();
    });
  }
}

/** Hooks count too: much of a file's time goes by in them. */
function listFiles(runner) {
  const { EVENT_SUITE_BEGIN, EVENT_SUITE_END, EVENT_RUN_END } = Mocha.Runner.constants;
  const took = new Map();
  const began = new Map();
  const isTop = (suite) => suite.parent?.root === true;

  runner.on(EVENT_SUITE_BEGIN, (suite) => isTop(suite) && began.set(suite, performance.now()));
  runner.on(EVENT_SUITE_END, (suite) => {
    if (!isTop(suite)) return;
    const seconds = (performance.now() - began.get(suite)) / 1000;
    took.set(suite.file, (took.get(suite.file) ?? 0) + seconds);
  });
  runner.once(EVENT_RUN_END, () => {
    const slowest = [...took].sort(([, a], [, b]) => b - a).slice(0, 25);
    console.log(slowest.map(([file, seconds]) => `${seconds.toFixed(1).padStart(7)}  ${file}`).join('\n'));
  });
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
