import { readFile } from 'node:fs/promises';
import { db } from './db.js';

/** Creates whatever of the schema is missing. */
export async function migrate(): Promise<void> {
  const schema = await readFile(new URL('./schema.sql', import.meta.url), 'utf8');
  const statements = schema.split(/;\s*$/m).filter((statement) => statement.trim() !== '');

  await db.transaction(async (trx) => {
    for (const statement of statements) await trx.raw(statement);
  });
}
