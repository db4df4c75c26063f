/*
 * Functions that act otherwise in a sandbox. The server finds its own functions by their numbers and
 * never looks whether they were replaced (src/backend/utils/fmgr/fmgr.c, fmgr_isbuiltin), so the old
 * one gives up its name to another. The rollback gives it back. Only a superuser may do that.
 */

import { CLOCK_WORDS } from './statement-clock.js';

/** SQLSTATE of the message by which pg_notify tells the relay. */
export const NOTIFIED = 'LKN01';

const renamed = (signature: string, name: string): string =>
  `ALTER FUNCTION pg_catalog.${signature} RENAME TO lockstep_${name}`;

/** The setting that has the moment at which the client's transaction began, in seconds; empty outside of one. */
const BEGAN = 'lockstep.began';

// In PL/pgSQL, which is planned once: an SQL function is read anew for each statement that it is put into.
const clientsTime = (name: string): string =>
  `${renamed(`${name}()`, name)};CREATE FUNCTION pg_catalog.${name}() RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS ` +
  `$$DECLARE began text:=pg_catalog.current_setting('${BEGAN}',true);BEGIN IF began<>'' THEN ` +
  `RETURN pg_catalog.to_timestamp(began::pg_catalog.float8);END IF;RETURN pg_catalog.statement_timestamp();END$$`;

/**
 * The server's transaction is the whole test, and its time stands still. It becomes that of the client's own
 * transaction, and outside of one that of the statement.
 */
export const STATEMENT_CLOCK: readonly string[] = [
  clientsTime('now'),
  clientsTime('transaction_timestamp'),
  CLOCK_WORDS,
];

// Neither returns a row. A float8 has more digits than the microseconds of a time.
const setting = (value: string): string =>
  `SELECT FROM pg_catalog.set_config('${BEGAN}',${value},false) was WHERE was IS NULL`;

/** Has the client's time stand still from now on. */
export const TIME_STANDS: string = setting('EXTRACT(epoch FROM pg_catalog.statement_timestamp())::text');

/** Has it move with each statement. */
export const TIME_MOVES: string = setting("''");

/** INFO is sent whatever client_min_messages says. */
export const PG_NOTIFY: string =
  `${renamed('pg_notify(text,text)', 'pg_notify')};CREATE FUNCTION pg_catalog.pg_notify(text,text) RETURNS void LANGUAGE plpgsql AS ` +
  `$$BEGIN RAISE INFO USING ERRCODE='${NOTIFIED}',MESSAGE=$1,DETAIL=coalesce($2,'');END$$`;

/** SQLSTATE of the messages by which the two functions for backends tell the relay. */
export const SIGNALLED = 'LKN02';

/** The first of the numbers by which clients know their connections; a server has none that high. */
export const FIRST_PROCESS_ID = 1_000_000_000;

/*
 * One backend serves all clients, so the number that pg_backend_pid() gives is that of each of them.
 * Whom it means is known to the relay alone; the server is asked about others only, and where the
 * caller says in the same breath that it means itself.
 */
const signalling = (verb: 'cancel' | 'terminate', parameters: string, names: string, itself: string): string =>
  `${renamed(`pg_${verb}_backend(${parameters.replaceAll(' DEFAULT 0', '')})`, `pg_${verb}_backend`)};` +
  `CREATE FUNCTION pg_catalog.pg_${verb}_backend(${parameters}) RETURNS boolean LANGUAGE plpgsql STRICT AS $$BEGIN ` +
  `IF $1>=${FIRST_PROCESS_ID} OR $1=pg_catalog.pg_backend_pid()${itself} THEN ` +
  `RAISE INFO USING ERRCODE='${SIGNALLED}',MESSAGE='${verb}',DETAIL=$1::text;RETURN true;END IF;` +
  `RETURN pg_catalog.lockstep_pg_${verb}_backend(${names});END$$`;

/** pg_terminate_backend has had its second parameter since Postgres 14. */
export const SIGNALS: readonly string[] = [
  signalling('cancel', 'integer', '$1', " AND pg_catalog.current_query()!~*'pg_backend_pid'"),
  signalling('terminate', 'integer,bigint DEFAULT 0', '$1,$2', ''),
  signalling('terminate', 'integer', '$1', ''),
];
