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

const rooms = Object.keys(mayImport).map((room) => {
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

  return { files: [`src/${room}/**/*.ts`], rules: { 'no-restricted-imports': ['error', { patterns }] } };
});

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
);
