// Runs tests as postgres.js writes them: a function that gives what is expected and what was got. As its own runner it
// ends with the first that fails, but it can be started behind that.
import { appendFileSync } from 'node:fs';
import { inspect } from 'node:util';

const SECOND = 1000;
const tests = [];
/** Fails the test that runs: what it leaves unhandled would end the process. */
let unhandled = () => undefined;
process.on('unhandledRejection', (error) => unhandled(error)).on('uncaughtException', (error) => unhandled(error));

/** The timeout is the runner's own, in seconds. */
export const t = Object.assign(
  (name, options, work) =>
    void tests.push(typeof options === 'function' ? { name, work: options } : { name, work, ...options }),
  { timeout: 5 },
);
export const nt = () => undefined;
export const ot = t;

setImmediate(async () => {
  const from = Number(process.env.LOCKSTEP_SUITES_FROM);
  for (const { name, work, timeout } of tests.slice(from)) {
    tell(name, 'started');
    const error = await outcome(work, (timeout ?? t.timeout) * SECOND);
    tell(name, error === undefined ? 'passed' : 'failed', error);
    // What it has left behind is none of the next test's business, which gets a process of its own.
    if (error !== undefined) process.exit(1);
  }
  process.exit();
});

async function outcome(work, timeout) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('Timed out')), timeout);
    unhandled = reject;
  });
  try {
    const [expected, got] = await Promise.all(await Promise.race([late, work()]));
    return expected === got ? undefined : `${inspect(expected)} != ${inspect(got)}`;
  } catch (error) {
    return error instanceof Error ? String(error.stack) : inspect(error);
  } finally {
    clearTimeout(timer);
  }
}

function tell(name, state, error) {
  appendFileSync(process.env.LOCKSTEP_SUITES_REPORT, `${JSON.stringify({ name, state, error })}\n`);
}
