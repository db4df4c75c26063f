import { quoteLiteral } from './quote.js';

/** What the sandbox has to know of the schema. It holds until the schema changes. */
export interface SchemaFacts {
  /** Whether there are constraints that are deferred from the start: a commit has to check them. */
  readonly deferred: boolean;
  /** Those that can be deferred, but are not from the start, quoted. */
  readonly immediate: readonly string[];
  /**
   * Whether a query may write though it calls no function by name, or only the server's: there is a view, a policy,
   * an operator or a cast with a function of the user's own that may write, or one that looks like a column or has
   * the name of one of the server's.
   */
  readonly hiddenWrites: boolean;
  /** Whether there is a function of the user's own that may restart sequences. */
  readonly restarts: boolean;
}

const DEFERRED = "SELECT 'deferred',NULL FROM pg_catalog.pg_constraint WHERE condeferred LIMIT 1";

// A name is one in its table only, but a statement that names it means all of its schema.
const IMMEDIATE =
  "SELECT 'immediate',pg_catalog.quote_ident(n.nspname)||'.'||pg_catalog.quote_ident(c.conname) " +
  'FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid=c.connamespace ' +
  "WHERE c.condeferrable AND n.nspname !~ '^pg_temp_' GROUP BY 2 HAVING NOT pg_catalog.bool_or(c.condeferred)";

// Numbers below 16384 are those of the server's own (FirstNormalObjectId in transam.h).
const HIDDEN =
  "SELECT 'hidden',NULL FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid=p.prolang " +
  "WHERE p.provolatile='v' AND l.lanname NOT IN ('c','internal') AND " +
  '(EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.refobjid=p.oid ' +
  "AND d.refclassid='pg_catalog.pg_proc'::pg_catalog.regclass AND d.classid IN " +
  "('pg_catalog.pg_rewrite'::pg_catalog.regclass,'pg_catalog.pg_policy'::pg_catalog.regclass," +
  "'pg_catalog.pg_operator'::pg_catalog.regclass,'pg_catalog.pg_cast'::pg_catalog.regclass)) " +
  "OR p.pronargs=1 AND EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid=p.proargtypes[0] AND t.typtype='c') " +
  'OR p.oid>=16384 AND EXISTS (SELECT FROM pg_catalog.pg_proc b WHERE b.proname=p.proname AND b.oid<16384)) LIMIT 1';

const RESTARTS =
  "SELECT 'restarts',NULL FROM pg_catalog.pg_proc WHERE oid>=16384 AND prosrc ~* '(^|[^a-z_])restart([^a-z_]|$)' LIMIT 1";

/** Asks for them: a row per fact, a constraint's name behind it. */
export const SCHEMA_FACTS: string = `(${DEFERRED}) UNION ALL (${IMMEDIATE}) UNION ALL (${HIDDEN}) UNION ALL (${RESTARTS})`;

/** Reads the answer. */
export function readSchemaFacts(rows: readonly (readonly (string | null)[])[]): SchemaFacts {
  return {
    deferred: rows.some(([fact]) => fact === 'deferred'),
    immediate: rows.map(([, name]) => name).filter((name) => typeof name === 'string'),
    hiddenWrites: rows.some(([fact]) => fact === 'hidden'),
    restarts: rows.some(([fact]) => fact === 'restarts'),
  };
}

/** The statements that check deferred constraints as a commit does, and bring back the modes that they begin with. */
export function checkingConstraints({ immediate }: SchemaFacts): readonly string[] {
  // Releasing the guard does not bring the modes back. ALL is for the constraints to come as well.
  const all = ['SET CONSTRAINTS ALL IMMEDIATE', 'SET CONSTRAINTS ALL DEFERRED'];
  if (immediate.length === 0) return all;

  // The client's role may not be allowed to name them, and a function may have dropped one.
  const restored = `SET CONSTRAINTS ${immediate.join(',')} IMMEDIATE`;
  const tried = `BEGIN ${restored}; EXCEPTION WHEN OTHERS THEN NULL; END`;
  return [...all, `DO LANGUAGE plpgsql ${quoteLiteral(tried)}`];
}
