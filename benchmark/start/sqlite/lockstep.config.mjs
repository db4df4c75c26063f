import { defineConfig } from 'lockstep';

export default defineConfig({ database: { engine: 'sqlite', file: ':memory:' } });
