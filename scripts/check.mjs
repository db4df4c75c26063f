// Everything that can be said about the code without running it; stops at the first failure.
// --built: dist/ and .build/ are fresh, so the types have been checked.
import { run } from './steps.mjs';

const ENTRIES = ['src/index.ts', 'src/runner/mocha/index.ts'];

const steps = [
  ['types of src', 'tsc', ['-p', 'tsconfig.json'], 'builds'],
  ['types of test', 'tsc', ['-p', 'test/tsconfig.json'], 'builds'],
  ['types of providers-express', 'tsc', ['-p', 'examples/providers-express']],
  ['types of providers-fastify', 'tsc', ['-p', 'examples/providers-fastify']],
  ['lint', 'eslint', ['--max-warnings', '0', '.']],
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  ['package (publint)', 'publint', ['--strict']],
  ['package types (attw)', 'attw', ['--pack', '.', '--format', 'table-flipped', '--no-summary']],
  [
    'docs (typedoc)',
    'typedoc',
    [
      '--entryPoints',
      ...ENTRIES,
      '--tsconfig',
      'tsconfig.json',
      '--emit',
      'none',
      // A checkout may have no remote, which is a warning where sources are linked.
      '--disableSources',
      '--validation.notExported',
      'false',
      '--treatWarningsAsErrors',
      '--logLevel',
      'Warn',
    ],
  ],
];

const built = process.argv.includes('--built');
for (const [heading, command, args, kind] of steps) {
  if (built && kind === 'builds') continue;

  const code = run(heading, command, args);
  if (code !== 0) {
    console.error(`\ncheck failed at: ${heading}`);
    process.exit(code);
  }
}
