/** Node's own, from 22.1 on. */
interface Cache {
  readonly enableCompileCache?: () => unknown;
}

/*
 * What Node has compiled of Lockstep, the app and the tests is kept for the next run, in Node's own cache
 * (NODE_COMPILE_CACHE names its folder, NODE_DISABLE_COMPILE_CACHE=1 switches it off). Functions that come from there
 * blur V8's coverage. CommonJS, so that it comes before everything that it is to serve.
 */
if (process.env['NODE_V8_COVERAGE'] === undefined) (require('node:module') as Cache).enableCompileCache?.();
