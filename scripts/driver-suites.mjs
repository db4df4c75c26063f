// Runs the drivers' own tests twice, on a direct connection and through the sandbox, and compares them test by
// test. Checkouts are the developer's: cloned, installed and built as their own manuals say (yarn, and `tsc --build`
// for node-postgres). Nothing in them is changed; what a run differs in is its environment. Expects built sources
// (npm run build).
//
//   npm run suites -- <folder of node-postgres> <folder of postgres.js>
//   npm run suites -- <…> <…> --only pg        one suite: pg, pg-pool, pg-cursor, pg-query-stream, postgres.js
//   npm run suites -- <…> <…> --file notice    only files with that in their path
//   npm run suites -- <…> <…> --output         also what a file printed whose results differ
//   npm run suites -- <…> <…> --neither        also what fails on the direct connection
import { parseArgs } from 'node:util';

import { startServer } from './driver-suites/server.mjs';
import { suitesOf } from './driver-suites/suites.mjs';
import { runFile } from './driver-suites/run-file.mjs';

const DEMANDED = 0.97;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    file: { type: 'string', default: '' },
    output: { type: 'boolean' },
    neither: { type: 'boolean' },
  },
});
if (positionals.length !== 2) {
  console.error('npm run suites -- <folder of node-postgres> <folder of postgres.js>');
  process.exit(2);
}

const server = await startServer();
const rows = [];
try {
  for (const suite of suitesOf(...positionals)) {
    if (values.only === undefined || values.only === suite.name) rows.push(await compare(suite));
  }
} finally {
  await server.stop();
}
console.table(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])));
process.exitCode = rows.every(({ direct, sandbox }) => sandbox >= direct * DEMANDED) ? 0 : 1;

/** Runs each file of a suite both ways; a test that passes directly is one that counts. */
async function compare({ name, files, database, ...how }) {
  const chosen = files.filter((file) => file.includes(values.file));
  const direct = await server.direct(database, (variables, scope) => eachFile(chosen, scope, { ...how, variables }));
  const sandbox = await server.sandboxed(database, (variables, scope) =>
    eachFile(chosen, scope, { ...how, variables }),
  );

  console.log(`\n== ${name}`);
  let count = 0;
  let kept = 0;
  for (const [file, there] of direct) {
    const passed = there.passed();
    const here = sandbox.get(file).passed();
    if (values.neither)
      for (const test of there.failed()) console.log(`not direct: ${file}: ${test}\n    ${there.reason(test)}`);
    const missing = passed.filter((test) => !here.includes(test));
    count += passed.length;
    kept += passed.length - missing.length;
    for (const test of missing) console.log(`${file}: ${test}\n    ${sandbox.get(file).reason(test)}`);
    if (missing.length > 0 && values.output) console.log(sandbox.get(file).output.replace(/^/gm, '  | '));
  }
  return { name, direct: count, sandbox: kept, percent: count === 0 ? 100 : Math.floor((1000 * kept) / count) / 10 };
}

/** A file has a database, or a scope, of its own; so has what is left of it after a test that failed. */
async function eachFile(files, scope, { resumes = false, ...how }) {
  const results = new Map();
  for (const file of files) {
    const result = await scope(file, () => runFile({ file, ...how }));
    while (resumes && result.stopped) result.add(await scope(file, () => runFile({ file, from: result.ran, ...how })));
    results.set(file, result);
  }
  return results;
}
