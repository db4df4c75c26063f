import { readFile } from 'node:fs/promises';
import { pool } from './db.js';

/** Creates whatever of the schema is missing, all of it or nothing. */
export async function migrate(): Promise<void> {
  const schema = await readFile(new URL('./schema.sql', import.meta.url), 'utf8');

  // Postgres runs statements that are sent as one string in one transaction.
  await pool.query(schema);
}
