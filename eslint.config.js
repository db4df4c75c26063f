import tseslint from 'typescript-eslint';

/**
 * The house's plan: which folders each folder of src/ may import. Data goes one way:
 * errors ← sql ← sandbox ← engine ← queries ← session ← runner ← cli and errors ← bridge ← http ← runner.
 * native holds what our own addon exports, for the two that call it: bridge and engine.
 */
const mayImport = {
  sql: ['errors'],
  sandbox: ['errors', 'sql'],
  native: ['errors'],
  engine: ['errors', 'sql', 'sandbox', 'native'],
  queries: ['errors', 'sql', 'sandbox', 'engine'],
  session: ['errors', 'sql', 'sandbox', 'engine', 'queries'],
  bridge: ['errors', 'native'],
  http: ['errors', 'bridge', 'queries'],
  config: ['errors'],
  chai: ['errors', 'engine', 'queries', 'session', 'http'],
  runner: ['errors', 'sql', 'sandbox', 'engine', 'queries', 'session', 'bridge', 'http', 'config'],
  cli: ['errors', 'sql', 'sandbox', 'engine', 'queries', 'session', 'bridge', 'http', 'config', 'runner'],
};

const drivers = ['better-sqlite3', 'sqlite3', 'pg', 'pg-native', 'mysql2'];
const io = ['node:*', 'fs', 'net', 'http', 'timers', 'events'];

const adapters = ['mocha'];
const CORE =
  'What knows a runner lies in its adapter, src/runner/<its name>: the core has the contract in src/runner/adapter.ts.';

const rooms = Object.keys(mayImport).flatMap((room) => {
  const forbidden = Object.keys(mayImport).filter((other) => other !== room && !mayImport[room].includes(other));
  const patterns = [
    {
      group: [...forbidden, 'index'].map((other) => (other === 'index' ? '../index.js' : `**/../${other}/**`)),
      message: `src/${room} may import only: ${mayImport[room].join(', ')}.`,
    },
  ];

  if (room !== 'engine') patterns.push({ group: drivers, message: 'Database drivers appear only under src/engine.' });
  if (room !== 'bridge') patterns.push({ group: ['deasync'], message: 'deasync appears only under src/bridge.' });
  if (room === 'sql' || room === 'sandbox')
    patterns.push({ group: io, message: `src/${room} is pure: no I/O, no event loop.` });

  const config = { files: [`src/${room}/**/*.ts`], rules: { 'no-restricted-imports': ['error', { patterns }] } };
  if (room !== 'runner') return [config];

  // The core is one, the adapters are many, and it knows none of them: see src/runner/adapter.ts.
  const core = [...patterns, ...adapters.map((name) => ({ group: [`**/${name}/**`], message: CORE }))];
  return [
    config,
    {
      files: ['src/runner/**/*.ts'],
      ignores: adapters.map((name) => `src/runner/${name}/**`),
      rules: { 'no-restricted-imports': ['error', { patterns: core }] },
    },
  ];
});

/** What a fake clock replaces: read when a function is called, it would be the fake one. */
const clocks = [
  'performance',
  'Date',
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'],
  ...['queueMicrotask', 'scheduler'],
];
const REAL = 'A fake clock may have replaced it: import it from src/real-time.ts.';

const clockSyntax = [
  {
    selector: 'ImportDeclaration[source.value=/^(node:)?timers/]',
    message: REAL,
  },
  {
    selector: 'ImportDeclaration[source.value=/perf_hooks$/] ImportSpecifier[imported.name="performance"]',
    message: REAL,
  },
  {
    // const { setTimeout } = globalThis, const { nextTick } = process
    selector: `VariableDeclarator[init.name=/^(?:globalThis|global)$/] Property[key.name=/^(?:${clocks.join('|')})$/]`,
    message: REAL,
  },
  {
    selector: 'VariableDeclarator[init.name="process"] Property[key.name=/^(?:nextTick|hrtime)$/]',
    message: REAL,
  },
];

const realTime = {
  files: ['src/**/*.ts'],
  ignores: ['src/real-time.ts'],
  rules: {
    'no-restricted-globals': ['error', ...clocks.map((name) => ({ name, message: REAL }))],
    'no-restricted-properties': [
      'error',
      ...['globalThis', 'global', 'window', 'self'].flatMap((object) =>
        clocks.map((property) => ({ object, property, message: REAL })),
      ),
      ...['nextTick', 'hrtime'].map((property) => ({ object: 'process', property, message: REAL })),
    ],
    'no-restricted-syntax': ['error', ...clockSyntax],
  },
};

/**
 * No text, pattern or import, of the runner's package neither, names a runner: its adapter hands its words down
 * (src/runner-words.ts).
 */
const runnerNames = {
  files: ['src/**/*.ts'],
  ignores: [
    ...adapters.map((name) => `src/runner/${name}/**`),
    'src/real-time.ts',
    // Where no runner is at work, it speaks for the one that there is an entry for.
    'src/runner-words.ts',
  ],
  rules: {
    'no-restricted-syntax': [
      'error',
      ...clockSyntax,
      ...adapters.flatMap((name) =>
        [`Identifier[name=/${name}_/i]`, `Literal[raw=/${name}/i]`, `TemplateElement[value.raw=/${name}/i]`].map(
          (selector) => ({
            selector,
            message: CORE,
          }),
        ),
      ),
    ],
  },
};

export default tseslint.config(
  { ignores: ['dist/**', '.build/**', 'coverage/**', '**/fixtures/**', 'examples/*/dist/**'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['test/**/*.ts', 'benchmark/**/*.ts', 'examples/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/only-throw-error': 'off',
    },
  },
  {
    // What an app answers and what a row holds is known to the test alone.
    files: ['examples/*/test/**/*.ts', 'benchmark/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  ...rooms,
  realTime,
  runnerNames,
);
