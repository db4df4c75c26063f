// Runs one file of a suite and gathers what became of its tests.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a test is called that has no name: the whole of a file without named tests. */
export const WHOLE = '(the file)';

export async function runFile({ file, cwd, command, environment, deadline, variables, from = 0 }) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-suites-'));
  const report = join(folder, 'report');
  writeFileSync(report, '');
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|NODE_OPTIONS$)/.test(name));
  const env = {
    ...Object.fromEntries(inherited),
    ...variables,
    ...environment,
    // One test of postgres.js looks for the server's socket there.
    PGSOCKET: variables.PGHOST,
    LOCKSTEP_SUITES_REPORT: report,
    LOCKSTEP_SUITES_FROM: String(from),
  };

  try {
    const { output, end } = await ended(spawn(process.execPath, command(file), { cwd, env, stdio: 'pipe' }), deadline);
    const lines = readFileSync(report, 'utf8').split('\n').filter(Boolean);
    return new FileResult(settled(lines.map((line) => JSON.parse(line))), output, end, from);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `end` is undefined when the process ended by itself and well. */
function ended(child, deadline) {
  let output = '';
  child.stdin.end();
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));

  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, deadline);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ output, end: late ? `it did not end within ${deadline} ms` : code === 0 ? undefined : `code ${code}` });
    });
  });
}

/** A test that began and of which nothing more is known has failed. */
function settled(events) {
  const results = [];
  for (const event of events) {
    const open = results.at(-1);
    if (event.state !== 'started' && open?.state === 'started' && open.name === event.name) results.pop();
    results.push(event);
  }
  for (const event of results)
    if (event.state === 'started') Object.assign(event, { state: 'failed', error: 'it did not end' });
  return results;
}

class FileResult {
  output;
  /** Whether the runner ended at a test that failed; there may be more behind it. */
  stopped;
  #events;

  constructor(events, output, end, from) {
    this.output = output;
    this.#events = events;
    this.stopped = end !== undefined && events.length > 0;
    if (events.length === 0 && from === 0) events.push({ name: WHOLE, state: 'passed' });
    // A process that does not end well has a test that did not.
    const last = events.at(-1);
    if (end !== undefined && last !== undefined && !events.some(({ state }) => state === 'failed'))
      Object.assign(last, { state: 'failed', error: end });
  }

  /** How many tests were run. */
  get ran() {
    return this.#events.length;
  }

  /** What came of the tests behind. */
  add(rest) {
    this.output += rest.output;
    this.stopped = rest.stopped;
    this.#events.push(...rest.#events);
  }

  passed() {
    return this.#keys('passed');
  }

  failed() {
    return this.#keys('failed');
  }

  reason(key) {
    const test = this.#numbered().find((event) => event.key === key);
    return test === undefined ? 'not reached' : (test.error ?? test.state).split('\n')[0];
  }

  #keys(wanted) {
    return this.#numbered()
      .filter(({ state }) => state === wanted)
      .map(({ key }) => key);
  }

  /** Tests of the same name are told apart by their number. */
  #numbered() {
    const seen = new Map();
    return this.#events.map(({ name, state, error }) => {
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      return { key: count === 1 ? name : `${name} (${count})`, state, error };
    });
  }
}
