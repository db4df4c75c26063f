import { Cursor } from '../../../sql/cursor.js';

/** Words that may stand before a parenthesis without calling anything, and types with a length. */
const WORDS =
  'all and any array as asc between by case char character coalesce cube decimal desc distinct else except exists filter ' +
  'float from greatest group having ilike in intersect interval is join lateral least like limit materialized not nullif ' +
  'numeric offset on or order over partition rollup row select sets similar some then time timestamp timestamptz to union ' +
  'using values varchar varying when where within';

/** Functions of pg_catalog, and what the parser makes of a call, that leave no trace: pg_proc.provolatile is i or s. */
const FUNCTIONS =
  'abs age array_agg array_append array_cat array_length array_position array_prepend array_remove array_to_json ' +
  'array_to_string avg bool_and bool_or btrim cardinality cast ceil ceiling char_length character_length chr concat ' +
  'concat_ws count cume_dist current_database current_schema current_schemas current_setting date date_part date_trunc ' +
  'dense_rank encode every exp extract first_value floor format format_type generate_series generate_subscripts ' +
  'has_table_privilege initcap json_agg json_array_elements json_array_elements_text json_array_length json_build_array ' +
  'json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object_agg json_object_keys ' +
  'json_typeof jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array ' +
  'jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_object_agg ' +
  'jsonb_object_keys jsonb_typeof lag last_value lead left length ln log lower lpad ltrim make_date make_interval max md5 ' +
  'min mod mode now ntile nth_value obj_description octet_length overlay percent_rank percentile_cont percentile_disc ' +
  'pg_encoding_to_char pg_get_constraintdef pg_get_expr pg_get_indexdef pg_get_userbyid pg_get_viewdef pg_typeof ' +
  'plainto_tsquery position power quote_ident quote_literal rank regexp_match regexp_matches regexp_replace ' +
  'regexp_split_to_array repeat replace reverse right round row_number row_to_json rpad rtrim sign split_part sqrt ' +
  'starts_with statement_timestamp stddev string_agg string_to_array strpos substr substring sum to_char to_date to_json ' +
  'to_jsonb to_number to_regclass to_timestamp to_tsquery to_tsvector translate trim trunc ts_rank unnest upper variance ' +
  'version websearch_to_tsquery width_bucket';

const HARMLESS: ReadonlySet<string> = new Set(`${WORDS} ${FUNCTIONS}`.toUpperCase().split(' '));

/**
 * Whether a query leaves no trace: it locks no rows, and calls nothing but functions of the server's own that only
 * read. Not asked about a query that writes by its form. A function of the user's own that has the name of one of the
 * server's is a fact of the schema (`hiddenWrites`).
 */
export function isPure(sql: string): boolean {
  if (!/[(]|\bfor\b/i.test(sql)) return true;

  const cursor = new Cursor(sql, 'postgres');
  const before: { word: string; text: string }[] = [];
  for (; cursor.kind !== 'end'; cursor.advance()) {
    const [name, dot, schema] = before;
    if (cursor.text === '(' && !isHarmless(name, dot?.text === '.' ? schema : undefined)) return false;
    // FOR UPDATE, SHARE, NO KEY UPDATE, KEY SHARE; SUBSTRING and OVERLAY have a FOR of their own.
    if (name?.word === 'FOR' && /^(?:UPDATE|SHARE|NO|KEY)$/.test(cursor.word)) return false;
    before.unshift({ word: cursor.kind === 'word' ? cursor.word : '', text: cursor.text });
    before.length = Math.min(before.length, 3);
  }
  return true;
}

/** What may be a call: a name with a parenthesis behind it. */
function isHarmless(name: { word: string; text: string } | undefined, schema: { text: string } | undefined): boolean {
  if (schema !== undefined && schema.text.toLowerCase() !== 'pg_catalog') return false;
  if (name === undefined || HARMLESS.has(name.word)) return true;
  // A sign: an operator, a comma, another parenthesis.
  return name.word === '' && !/["\w]$/.test(name.text);
}
