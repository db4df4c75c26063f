// Reports the tests of a mocha suite.
const { appendFileSync } = require('node:fs');

const tell = (test, state, error) =>
  appendFileSync(
    process.env.LOCKSTEP_SUITES_REPORT,
    `${JSON.stringify({ name: test.fullTitle(), state, error: error && String(error.stack ?? error) })}\n`,
  );

module.exports = class {
  constructor(runner) {
    runner.on('test', (test) => tell(test, 'started'));
    runner.on('pass', (test) => tell(test, 'passed'));
    runner.on('fail', (test, error) => tell(test, 'failed', error));
  }
};
