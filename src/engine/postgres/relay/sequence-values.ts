import { quoteLiteral } from './quote.js';

/*
 * A rollback leaves sequences as they are, unless one was restarted above it: that has got a file of its own, which
 * goes with the rollback, and what nextval() has taken before comes back. Values are carried over a rollback by a
 * prepared statement, the one thing of a connection that no rollback takes, so that nobody has to wait for an answer.
 */

const KEPT = 'lockstep_identities_kept';

/** The prepared statement that brings back what a level of scopes began with. */
const nameOf = (level: number): string => `lockstep_identities_${level}`;

const inBlock = (body: string): string => `DO LANGUAGE plpgsql ${quoteLiteral(body)}`;

const IS_PREPARED = (name: string): string =>
  `EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE name=${quoteLiteral(name)})`;

/** Lists as the columns of a table; format() puts them in. */
const columns = (...types: readonly string[]): string =>
  `ROWS FROM(${types.map((type) => `pg_catalog.unnest(%L::pg_catalog.${type}[])`).join(',')})`;

/** The sequences that are the user's own, with what their values can be read and written by. */
const SEQUENCES =
  'FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid=c.relnamespace ' +
  "WHERE CASE WHEN c.relkind='S' AND c.relpersistence<>'t' THEN pg_catalog.has_schema_privilege(n.oid,'USAGE') " +
  "AND pg_catalog.has_sequence_privilege(c.oid,'SELECT') AND pg_catalog.has_sequence_privilege(c.oid,'UPDATE') END";

const QUALIFIED = "pg_catalog.format('%I.%I',n.nspname,c.relname)";

/** Whether setval() has something to do is told without it; what was never called has no value to tell it by. */
const DIFFERS =
  "CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid=v.seq AND c.relkind='S') " +
  'THEN NOT v.called OR pg_catalog.pg_sequence_last_value(v.seq) IS DISTINCT FROM v.last END';

/** Prepares the statement that brings back the values that all sequences have now. */
export function rememberingValues(level: number): string {
  const name = nameOf(level);
  const restoring =
    'SELECT pg_catalog.count(pg_catalog.setval(v.seq,v.last,v.called)) FROM (SELECT o::pg_catalog.oid::pg_catalog.regclass AS seq,last,called ' +
    `FROM ${columns('text', 'int8', 'bool')} AS u(o,last,called)) AS v WHERE ${DIFFERS}`;

  return inBlock(
    'DECLARE s record; v record; seqs oid[]:=ARRAY[]::oid[]; lasts bigint[]:=ARRAY[]::bigint[]; calls boolean[]:=ARRAY[]::boolean[]; BEGIN ' +
      `FOR s IN SELECT c.oid,${QUALIFIED} AS name ${SEQUENCES} LOOP ` +
      "EXECUTE 'SELECT last_value,is_called FROM '||s.name INTO v; " +
      'seqs:=seqs||s.oid; lasts:=lasts||v.last_value; calls:=calls||v.is_called; END LOOP; ' +
      `IF ${IS_PREPARED(name)} THEN DEALLOCATE ${name}; END IF; ` +
      `EXECUTE pg_catalog.format(${quoteLiteral(`PREPARE ${name} AS ${restoring}`)},seqs,lasts,calls); END`,
  );
}

/** Brings back what was remembered. */
export const restoringValues = (level: number): string => `EXECUTE ${nameOf(level)}`;

/** Asks for the text that prepares it, which another connection takes as well. */
export const askingRemembered = (level: number): string =>
  `SELECT statement FROM pg_catalog.pg_prepared_statements WHERE name=${quoteLiteral(nameOf(level))}`;

/**
 * To be run before the rollback: remembers the values of the sequences that were restarted, or made, in the outer
 * transaction. Both write their row of pg_class.
 */
export const KEEPING_RESTARTED: string = inBlock(
  'DECLARE s record; v record; top xid:=pg_catalog.pg_current_xact_id_if_assigned()::xid; names text[]:=ARRAY[]::text[]; ' +
    'nodes oid[]:=ARRAY[]::oid[]; lasts bigint[]:=ARRAY[]::bigint[]; calls boolean[]:=ARRAY[]::boolean[]; BEGIN ' +
    'IF top IS NULL THEN RETURN; END IF; ' +
    `FOR s IN SELECT pg_catalog.pg_relation_filenode(c.oid) AS node,${QUALIFIED} AS name ${SEQUENCES} ` +
    'AND pg_catalog.age(c.xmin)<=pg_catalog.age(top) LOOP ' +
    "EXECUTE 'SELECT last_value,is_called FROM '||s.name INTO v; names:=names||s.name; nodes:=nodes||s.node; " +
    'lasts:=lasts||v.last_value; calls:=calls||v.is_called; END LOOP; ' +
    'IF pg_catalog.cardinality(names)>0 THEN EXECUTE pg_catalog.format(' +
    quoteLiteral(
      `PREPARE ${KEPT} AS SELECT * FROM ${columns('text', 'oid', 'int8', 'bool')} AS v(name,node,last,called)`,
    ) +
    ',names,nodes,lasts,calls); END IF; ' +
    // A scope that cannot keep them ends as any other.
    'EXCEPTION WHEN OTHERS THEN NULL; END',
);

/** Columns whose values come from the sequence `seq`: what it belongs to, and defaults that call it. */
const COLUMNS =
  'SELECT DISTINCT r.rel::regclass AS rel,a.attname AS name FROM (SELECT refobjid AS rel,refobjsubid AS num FROM pg_catalog.pg_depend ' +
  "WHERE classid='pg_catalog.pg_class'::regclass AND objid=seq AND refclassid='pg_catalog.pg_class'::regclass AND refobjsubid>0 AND deptype IN ('a','i') " +
  'UNION SELECT f.adrelid,f.adnum FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attrdef f ON f.oid=d.objid ' +
  "WHERE d.classid='pg_catalog.pg_attrdef'::regclass AND d.refclassid='pg_catalog.pg_class'::regclass AND d.refobjid=seq) AS r " +
  'JOIN pg_catalog.pg_attribute a ON a.attrelid=r.rel AND a.attnum=r.num ' +
  "WHERE a.atttypid IN ('int2'::regtype,'int4'::regtype,'int8'::regtype,'numeric'::regtype)";

/**
 * To be run behind the rollback: gives sequences that have lost their restart with it the values that they had
 * before, behind those of the rows that have come back.
 */
export const BRINGING_RESTARTED: string = inBlock(
  'DECLARE s record; c record; v record; seq regclass; step bigint; edge bigint; near bigint; BEGIN ' +
    `IF NOT ${IS_PREPARED(KEPT)} THEN RETURN; END IF; ` +
    `FOR s IN EXECUTE 'EXECUTE ${KEPT}' LOOP BEGIN ` +
    'seq:=pg_catalog.to_regclass(s.name); edge:=NULL; ' +
    'SELECT seqincrement INTO step FROM pg_catalog.pg_sequence WHERE seqrelid=seq; ' +
    'CONTINUE WHEN NOT FOUND OR pg_catalog.pg_relation_filenode(seq)=s.node; ' +
    "EXECUTE 'SELECT last_value,is_called FROM '||s.name INTO v; " +
    `IF v.is_called THEN FOR c IN ${COLUMNS} LOOP ` +
    "EXECUTE pg_catalog.format(CASE WHEN step>0 THEN 'SELECT pg_catalog.max(%1$I) FROM %2$s WHERE %1$I<=$1' " +
    "ELSE 'SELECT pg_catalog.min(%1$I) FROM %2$s WHERE %1$I>=$1' END,c.name,c.rel) INTO near USING v.last_value; " +
    'IF step>0 THEN edge:=GREATEST(edge,near); ELSE edge:=LEAST(edge,near); END IF; END LOOP; END IF; ' +
    'IF (edge-CASE WHEN s.called THEN s.last+step ELSE s.last END)*pg_catalog.sign(step)>=0 ' +
    'THEN PERFORM pg_catalog.setval(seq,edge,true); ELSE PERFORM pg_catalog.setval(seq,s.last,s.called); END IF; ' +
    // E.g. bounds that were another's in the scope.
    'EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; ' +
    `DEALLOCATE ${KEPT}; EXCEPTION WHEN OTHERS THEN NULL; END`,
);

const RESETTING = /\b(?:restart|serial[248]?|(?:big|small)serial|identity|sequence)\b/i;
const CHANGING = /\b(?:truncate|alter|create|do|call)\b/i;

/** Whether a statement may restart a sequence, or make one in the place of another. */
export function mayRestart(sql: string): boolean {
  return RESETTING.test(sql) && CHANGING.test(sql);
}
