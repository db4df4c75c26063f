// What postgres.js's tests ask of psql is asked of the real server: it is the administrator's, not the driver's.
import pg from 'pg';

export async function exec(command, [option, sql]) {
  if (command !== 'psql' || option !== '-c') throw new Error(`${command} ${option} is not expected here`);

  const client = new pg.Client(JSON.parse(process.env.LOCKSTEP_SUITES_SERVER));
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
