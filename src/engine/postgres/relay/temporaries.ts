import { quoteLiteral } from './quote.js';

/*
 * A backend has one namespace for temporary tables, and here all clients have one backend. So those
 * of whoever does not have the turn bear other names meanwhile. What a function makes without a word
 * of it in the client's text is not noticed and stays as it is.
 */

/** Which client's temporary tables bear their own names, and who may have some. Clients go by their number. */
export interface Temporaries {
  readonly shown: number | undefined;
  readonly owners: ReadonlySet<number>;
}

export const NO_TEMPORARIES: Temporaries = { shown: undefined, owners: new Set() };

const WORDS = /\btemp(?:orary)?\b|\bpg_temp/i;

const OF_ALL =
  'pg_catalog.pg_class c WHERE c.relnamespace=pg_catalog.pg_my_temp_schema() AND c.relnamespace<>0' +
  " AND c.relkind IN ('r','p','v','S','i','I','f')";

const prefixOf = (id: number): string => `lockstep_${id}_`;

/** The client, which has the turn, is about to run the text. */
export function afterText(temporaries: Temporaries, id: number, sql: string): Temporaries {
  const { shown, owners } = temporaries;
  if (!WORDS.test(sql) || owners.has(id)) return temporaries;
  return { shown: shown ?? id, owners: new Set([...owners, id]) };
}

/** After the turn was given to the client. */
export function afterTurn({ owners }: Temporaries, id: number): Temporaries {
  return { shown: owners.has(id) ? id : undefined, owners };
}

/** The statements that take those of others out of the way. */
export function hiding({ shown }: Temporaries, id: number): readonly string[] {
  if (shown === undefined || shown === id) return [];

  const prefix = prefixOf(shown);
  // A name that would be cut cannot be given back.
  const which = `${OF_ALL} AND c.relname NOT LIKE 'lockstep\\_%' AND pg_catalog.octet_length(c.relname)<=${63 - prefix.length}`;
  return [renaming(which, `'${prefix}'||c.relname`)];
}

/** The statements that give the client's own their names back. */
export function showing({ shown, owners }: Temporaries, id: number): readonly string[] {
  if (shown === id || !owners.has(id)) return [];

  const prefix = prefixOf(id);
  const which = `${OF_ALL} AND pg_catalog.starts_with(c.relname::text,'${prefix}')`;
  return [renaming(which, `pg_catalog.substr(c.relname::text,${prefix.length + 1})`)];
}

/** DISCARD TEMP for whoever has the turn. */
export const DISCARDING: string = doing(
  `FOR r IN SELECT c.relname AS old,CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind ` +
    `FROM ${OF_ALL} AND c.relkind NOT IN ('i','I') AND c.relname NOT LIKE 'lockstep\\_%' ` +
    "LOOP EXECUTE pg_catalog.format('DROP %s IF EXISTS pg_temp.%I CASCADE',r.kind,r.old);END LOOP;",
);

/** What cannot be renamed now keeps its name: it would be a pity to fail for it. */
function renaming(which: string, name: string): string {
  return doing(
    `FOR r IN SELECT c.relname AS old,${name} AS new FROM ${which} LOOP ` +
      "BEGIN EXECUTE pg_catalog.format('ALTER TABLE pg_temp.%I RENAME TO %I',r.old,r.new);EXCEPTION WHEN OTHERS THEN NULL;END;END LOOP;",
  );
}

function doing(body: string): string {
  return `DO LANGUAGE plpgsql $lockstep$DECLARE r record;BEGIN ${body}END$lockstep$`;
}

/** Asks for a temporary table's number; none if it is gone. */
export function numberOf(name: string): string {
  const bare = name.replace(/^pg_temp\./i, '');
  return `SELECT pg_catalog.to_regclass(${quoteLiteral(`pg_temp.${bare}`)})::oid`;
}

/** What a commit does to temporary tables, whatever they are called by now and if they still are. */
export function committing(temporary: ReadonlyMap<string, 'drop' | 'delete'>): readonly string[] {
  const numbers = (wanted: 'drop' | 'delete'): string[] =>
    [...temporary].filter(([, onCommit]) => onCommit === wanted).map(([number]) => number);
  const each = (wanted: 'drop' | 'delete', format: string): readonly string[] =>
    numbers(wanted).length === 0
      ? []
      : [
          doing(
            `FOR r IN SELECT c.relname AS old FROM pg_catalog.pg_class c WHERE c.oid IN (${numbers(wanted).join(',')}) ` +
              `LOOP EXECUTE pg_catalog.format('${format}',r.old);END LOOP;`,
          ),
        ];

  return [...each('drop', 'DROP TABLE IF EXISTS pg_temp.%I CASCADE'), ...each('delete', 'TRUNCATE pg_temp.%I')];
}
