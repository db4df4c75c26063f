// npm run bench [name …]: prints each figure as a ratio to a peer that is measured in the same run.
const NAMES = [
  'per-test',
  'request',
  'client',
  'supertest',
  'bridge',
  'empty',
  'start',
  'postgres',
  'postgres-session',
  'suite',
  'suite-postgres',
];
const wanted = process.argv.slice(2);

for (const name of wanted.filter((name) => !NAMES.includes(name))) {
  console.error(`There is no benchmark "${name}"; there are ${NAMES.join(', ')}.`);
  process.exit(1);
}
for (const name of wanted.length > 0 ? wanted : NAMES) {
  const { default: run } = await import(`./${name}.mjs`);
  await run();
}
