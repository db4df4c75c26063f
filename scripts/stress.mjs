// Waits 2,000 times amid 200 sockets and 100 timers, 20 times over, on every Node that Lockstep
// supports: nothing may be lost, nothing out of order. Expects built tests (npm run build && npm run
// build:test).
//
//   npm run stress                          Node 20, 22, 24 and 26
//   npm run stress -- 22                    one of them
//   MALLOC_PERTURB_=165 npm run stress      with what was freed overwritten (glibc)
import { join } from 'node:path';

import { installNode } from './nodes/install.mjs';
import { root, run } from './steps.mjs';

const LOAD = { sockets: 200, timers: 100, waits: 2000 };
const REPETITIONS = 20;

const built = join(root, '.build/test/integration/bridge/stress.js');
const given = process.argv.slice(2);

if (given[0] === '--here') await here();
else process.exitCode = onEach(given.length > 0 ? given.map(Number) : [20, 22, 24, 26]);

function onEach(majors) {
  const failed = majors.filter((major) => {
    const { node, reason } = installNode(major);
    if (reason) console.error(`Node ${major}: ${reason}`);
    return reason || run(`Node ${major}`, 'node', [join(root, 'scripts/stress.mjs'), '--here'], { node }) !== 0;
  });

  if (failed.length > 0) console.error(`\nfailed on Node ${failed.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

async function here() {
  const { stress } = await import(built);
  const { installBridge } = await import('#src/bridge/index.js');
  const bridge = installBridge();
  const began = performance.now();
  const total = { echoes: 0, fired: 0 };

  bridge.running();
  for (let seed = 1; seed <= REPETITIONS; seed++) {
    const { echoes, fired } = await stress({ ...LOAD, seed });
    total.echoes += echoes;
    total.fired += fired;
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `${process.version}: ${REPETITIONS} x ${LOAD.waits} waits, ${total.echoes} echoes and ${total.fired} timers in order, ${seconds} s`,
  );
}
