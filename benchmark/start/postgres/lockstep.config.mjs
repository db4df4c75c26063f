import { defineConfig } from 'lockstep';

export default defineConfig({ database: { engine: 'postgres' } });
