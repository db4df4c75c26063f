import { defineConfig } from 'lockstep';

export default defineConfig({
  app: './src/app.ts',
  database: {
    engine: 'postgres',
    env: 'DATABASE_URL',
    schema: './src/schema.sql',
  },
});
