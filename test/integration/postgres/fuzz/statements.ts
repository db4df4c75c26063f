import { oneIn, pick, type Random } from './random.js';

export const SCHEMA = `
  CREATE TABLE item (id int PRIMARY KEY, name text);
  CREATE TABLE parent (id int PRIMARY KEY);
  CREATE TABLE child (id int PRIMARY KEY, parent int);
  CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL);
  DO $$ BEGIN CREATE ROLE fuzz_clerk; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
  GRANT USAGE ON SCHEMA public TO fuzz_clerk;
  GRANT SELECT, INSERT, DELETE ON item, parent, child, counter TO fuzz_clerk;
  CREATE FUNCTION add_item(int) RETURNS int LANGUAGE sql AS 'INSERT INTO item VALUES ($1, ''f'') RETURNING id';
`;

/** What undoes a case that has not changed the schema. */
export const EMPTY = 'DELETE FROM item; DELETE FROM child; DELETE FROM parent';

/** What is in the tables, for the end of a case. */
export const CONTENTS =
  'SELECT id, name FROM item ORDER BY id; SELECT id, parent FROM child ORDER BY id; SELECT id FROM parent ORDER BY id; SHOW work_mem';

/** With it, every commit has something to check. */
export const DEFERRED =
  'ALTER TABLE child ADD CONSTRAINT child_parent FOREIGN KEY (parent) REFERENCES parent DEFERRABLE INITIALLY DEFERRED';

const CONTROL = [
  'BEGIN',
  'BEGIN',
  'COMMIT',
  'COMMIT',
  'END',
  'ROLLBACK',
  'ABORT',
  'SAVEPOINT s',
  'SAVEPOINT s',
  'SAVEPOINT t',
  'RELEASE s',
  'RELEASE SAVEPOINT t',
  'ROLLBACK TO s',
  'ROLLBACK TO SAVEPOINT t',
  'COMMIT AND CHAIN',
  'ROLLBACK AND CHAIN',
  'START TRANSACTION READ ONLY',
  '/* x */ BEGIN -- y\n',
];

const FAILING = [
  'SELECT 1/0',
  'SELECT nothing',
  'SELECT * FROM nowhere',
  'INSERT INTO item VALUES (1), (1)',
  'SELECT 4 / (3 - n) AS q FROM generate_series(1, 4) AS n',
];

const SETTINGS = [
  "SET work_mem = '5MB'",
  "SET work_mem = '6MB'",
  "SET LOCAL work_mem = '7MB'",
  'RESET work_mem',
  'SHOW work_mem',
  'SHOW work_mem',
  "SELECT set_config('app.user', 'me', false)",
  "SELECT set_config('app.user', 'you', true)",
  "SELECT coalesce(current_setting('app.user', true), '') AS u",
  "SET application_name = 'fuzz'",
  'RESET ALL',
  'SHOW application_name',
];

const ROLES = [
  'SET ROLE fuzz_clerk',
  'SET ROLE fuzz_clerk',
  'SET LOCAL ROLE fuzz_clerk',
  'RESET ROLE',
  'SET SESSION AUTHORIZATION fuzz_clerk',
  'RESET SESSION AUTHORIZATION',
  "SELECT current_user = 'fuzz_clerk' AS clerk, session_user = 'fuzz_clerk' AS as_clerk",
  "SELECT current_user = 'fuzz_clerk' AS clerk, session_user = 'fuzz_clerk' AS as_clerk",
  'RESET ALL',
];

const CURSORS = [
  'DECLARE c CURSOR FOR SELECT generate_series(1, 5) AS n',
  'DECLARE c CURSOR FOR SELECT id FROM item ORDER BY id',
  'FETCH 2 FROM c',
  'FETCH 2 FROM c',
  'FETCH ALL FROM c',
  'MOVE 1 FROM c',
  'CLOSE c',
];

const NOTICES = [
  'LISTEN ch',
  'UNLISTEN ch',
  'UNLISTEN *',
  "NOTIFY ch, 'one'",
  "NOTIFY ch, 'two'",
  'NOTIFY ch',
  "SELECT pg_notify('ch', 'three')",
];

const CONSTRAINTS = [
  'SET CONSTRAINTS ALL IMMEDIATE',
  'SET CONSTRAINTS ALL DEFERRED',
  'INSERT INTO child VALUES (1, 1)',
  'INSERT INTO child VALUES (2, 2)',
  'INSERT INTO parent VALUES (1)',
  'INSERT INTO parent VALUES (2)',
  'DELETE FROM parent WHERE id = 1',
  DEFERRED,
];

const DEFINITIONS = [
  'CREATE TABLE more (id int)',
  'DROP TABLE more',
  'INSERT INTO more VALUES (1)',
  'SELECT count(*) AS n FROM more',
  'ALTER TABLE item ADD COLUMN extra int',
  'TRUNCATE item',
  'DROP INDEX item_name',
];

/** What a server runs only where nothing else belongs to the transaction. */
export const OUTSIDE = [
  'CREATE INDEX CONCURRENTLY item_name ON item (name)',
  'DROP INDEX CONCURRENTLY item_name',
  'REINDEX TABLE CONCURRENTLY item',
  'VACUUM',
  'VACUUM item',
];

const PREPARED = [
  'PREPARE q AS SELECT count(*) AS n FROM item',
  'PREPARE q AS INSERT INTO item VALUES (7, null)',
  'EXECUTE q',
  'EXECUTE q',
  'DEALLOCATE q',
  'DEALLOCATE ALL',
];

const MISCELLANY = [
  'LOCK TABLE item',
  "DO $$ BEGIN INSERT INTO item VALUES (8, 'COMMIT;'); END $$",
  "DO $$ BEGIN RAISE NOTICE 'hello'; END $$",
  'SELECT add_item(9)',
  "SELECT 'COMMIT; BEGIN' AS text",
  'SELECT pg_advisory_xact_lock(7)::text',
  'DISCARD ALL',
  'DISCARD PLANS',
  '',
  '-- nothing',
  'COPY (SELECT id FROM item ORDER BY id) TO STDOUT',
  'SET TRANSACTION READ ONLY',
  'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
  'SHOW transaction_read_only',
];

/** A statement of a client. */
export function statement(random: Random, client: number): string {
  const kind = random(41);
  if (kind < 12) return pick(random, CONTROL);
  if (kind < 15) return pick(random, FAILING);
  if (kind < 20) return `INSERT INTO item VALUES (${random(6)}, 'n')`;
  if (kind < 22) return 'SELECT generate_series(1, 4) AS n';
  if (kind < 24) return 'SELECT count(*) AS n FROM item';
  if (kind < 26) return `UPDATE item SET name = 'm${random(3)}' WHERE id = ${random(6)} RETURNING id, name`;
  if (kind < 27) return `DELETE FROM item WHERE id > ${random(6)}`;
  if (kind < 29) return pick(random, SETTINGS);
  if (kind < 31) return pick(random, CURSORS);
  if (kind < 33) return pick(random, NOTICES);
  if (kind < 35) return pick(random, CONSTRAINTS);
  if (kind < 36) return pick(random, DEFINITIONS);
  if (kind < 37) return pick(random, PREPARED);
  if (kind < 38) return temporary(random, client);
  if (kind < 39) return pick(random, ROLES);
  return pick(random, MISCELLANY);
}

function temporary(random: Random, client: number): string {
  const name = `temp_${client}`;
  return pick(random, [
    `CREATE TEMP TABLE ${name} (n int)`,
    `CREATE TEMPORARY TABLE ${name} (n int) ON COMMIT DROP`,
    `CREATE TEMP TABLE ${name} (n int) ON COMMIT DELETE ROWS`,
    `INSERT INTO ${name} VALUES (1)`,
    `INSERT INTO ${name} VALUES (2)`,
    `SELECT n FROM ${name} ORDER BY n`,
    `DROP TABLE ${name}`,
  ]);
}

/** A text that no parser accepts. */
export const NONSENSE = 'SELEC';

/** Whether it takes more than emptying the tables to undo the text. */
export function changesSchema(text: string): boolean {
  return /\b(?:create (?!temp)|alter|drop|truncate)/i.test(text);
}

/** With one value each. */
export const BOUND = [
  'SELECT $1::int + 1 AS n',
  "INSERT INTO item VALUES ($1::int, 'b') RETURNING id",
  'SELECT 6 / $1::int AS q',
] as const;

export function values(random: Random, sql: string | undefined): string[] {
  const wanted = sql?.includes('$1') === true;
  if (oneIn(random, 25)) return wanted ? [] : ['1'];
  return wanted ? [String(random(5))] : [];
}
