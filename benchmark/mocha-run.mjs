// Runs a folder's mocha suite in a process of its own, for the duration that mocha itself reports.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');

/**
 * A contender for `inTurns`: milliseconds, or an error unless exactly the expected tests passed.
 *
 * @param folder relative to this one; its .mocharc.json says what is run
 * @param options.env variables on top of this process's own
 * @param options.fails titles of tests that are known to fail there
 */
export function mochaRun(folder, { env = {}, fails = [] } = {}) {
  const cwd = fileURLToPath(new URL(folder, import.meta.url));

  return async () => {
    const { stats, failures } = await results(cwd, env);
    const failed = failures.map(({ fullTitle }) => fullTitle);

    if (stats.tests !== 39 || failed.join() !== fails.join()) {
      const details = failures.map(({ fullTitle, err }) => `\n${fullTitle}: ${err.message}`).join('');
      throw new Error(`${folder}: ${stats.passes} of ${stats.tests} tests passed.${details}`);
    }
    return stats.duration;
  };
}

function results(cwd, env) {
  const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 24, timeout: 60_000 };

  return new Promise((resolve, reject) => {
    // mocha's exit code is the number of failures, so an error here is none yet.
    execFile(process.execPath, [mocha, '--reporter', 'json'], options, (error, stdout, stderr) => {
      const start = stdout.indexOf('{\n  "stats"');

      if (start < 0) reject(new Error(`mocha ended without a result in ${cwd}:\n${stderr}`, { cause: error }));
      else resolve(JSON.parse(stdout.slice(start)));
    });
  });
}
