/** What the sandbox has to know of the schema. It holds until the schema changes. */
export interface SchemaFacts {
  /** Constraints that are deferred from the start, quoted: a commit has to check them. */
  readonly deferred: readonly string[];
  /**
   * Whether a query may write though it calls no function by name: there is a view, a policy, an
   * operator or a cast with a function of the user's own that may write, or one that looks like a column.
   */
  readonly hiddenWrites: boolean;
}

const DEFERRED =
  'SELECT pg_catalog.quote_ident(n.nspname)||chr(46)||pg_catalog.quote_ident(c.conname) FROM pg_catalog.pg_constraint c ' +
  'JOIN pg_catalog.pg_namespace n ON n.oid=c.connamespace WHERE c.condeferred GROUP BY 1';

const HIDDEN =
  'SELECT NULL FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid=p.prolang ' +
  "WHERE p.provolatile='v' AND l.lanname NOT IN ('c','internal') AND " +
  '(EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.refobjid=p.oid ' +
  "AND d.refclassid='pg_catalog.pg_proc'::pg_catalog.regclass AND d.classid IN " +
  "('pg_catalog.pg_rewrite'::pg_catalog.regclass,'pg_catalog.pg_policy'::pg_catalog.regclass," +
  "'pg_catalog.pg_operator'::pg_catalog.regclass,'pg_catalog.pg_cast'::pg_catalog.regclass)) " +
  "OR p.pronargs=1 AND EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid=p.proargtypes[0] AND t.typtype='c')) LIMIT 1";

/** Asks for them: a row per deferred constraint, and one of NULL if there are hidden writes. */
export const SCHEMA_FACTS: string = `(${DEFERRED}) UNION ALL (${HIDDEN})`;

/** Reads the answer. */
export function readSchemaFacts(rows: readonly (readonly (string | null)[])[]): SchemaFacts {
  const names = rows.map(([name]) => name);
  return {
    deferred: names.filter((name) => typeof name === 'string'),
    hiddenWrites: names.some((name) => typeof name !== 'string'),
  };
}
