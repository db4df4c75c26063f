import { defineConfig } from 'lockstep';

export default defineConfig({
  app: './src/app.ts',
  database: {
    engine: 'sqlite',
    file: ':memory:',
    env: 'DATABASE_FILE',
    swap: ['sqlite3'],
    schema: './src/schema.sql',
  },
});
