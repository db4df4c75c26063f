/*
 * Functions that act otherwise in a sandbox. The server finds its own functions by their numbers and
 * never looks whether they were replaced (src/backend/utils/fmgr/fmgr.c, fmgr_isbuiltin), so the old
 * one gives up its name to another. The rollback gives it back. Only a superuser may do that.
 */

/** SQLSTATE of the message by which pg_notify tells the relay. */
export const NOTIFIED = 'LKN01';

const renamed = (signature: string, name: string): string =>
  `ALTER FUNCTION pg_catalog.${signature} RENAME TO lockstep_${name}`;

const statementTime = (name: string): string =>
  `${renamed(`${name}()`, name)};CREATE FUNCTION pg_catalog.${name}() RETURNS timestamptz LANGUAGE internal STABLE STRICT PARALLEL RESTRICTED AS 'statement_timestamp'`;

/** A transaction's time stands still, and a sandbox is one transaction: it becomes the statement's. */
export const STATEMENT_CLOCK: readonly string[] = [statementTime('now'), statementTime('transaction_timestamp')];

/** INFO is sent whatever client_min_messages says. */
export const PG_NOTIFY: string =
  `${renamed('pg_notify(text,text)', 'pg_notify')};CREATE FUNCTION pg_catalog.pg_notify(text,text) RETURNS void LANGUAGE plpgsql AS ` +
  `$$BEGIN RAISE INFO USING ERRCODE='${NOTIFIED}',MESSAGE=$1,DETAIL=coalesce($2,'');END$$`;
