// The Fastify example's config, on the server that suite-postgres.mjs has started: nobody's start is measured.
export default {
  app: '../examples/providers-fastify/src/app.ts',
  database: {
    engine: 'postgres',
    url: process.env.LOCKSTEP_BENCHMARK_URL,
    env: 'DATABASE_URL',
    schema: '../examples/providers-fastify/src/schema.sql',
  },
};
