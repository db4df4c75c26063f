// Answers two modules of postgres.js's tests from this folder: see postgres-js-hooks.mjs.
const OURS = {
  '/tests/test.js': new URL('postgres-js-runner.mjs', import.meta.url).href,
  '/tests/bootstrap.js': new URL('postgres-js-setup.mjs', import.meta.url).href,
};

export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const ours = Object.entries(OURS).find(([ending]) => found.url.endsWith(ending));
  return ours === undefined ? found : { ...found, url: ours[1], format: 'module' };
}
