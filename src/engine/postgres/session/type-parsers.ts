import type * as PgTypes from 'pg-types';
import { lazily } from '../../../lazily.js';

const types = lazily<typeof PgTypes>('pg-types');

/** Turns a column's text into a value. */
export type TypeParser = (text: string) => unknown;

/** Knows the parser of each type, by the type's OID; the shape of pg's `types` option. */
export interface TypeParsers {
  getTypeParser(oid: number, format: 'text'): TypeParser;
}

/** Those of pg-types, in which an app's `pg.types.setTypeParser` counts where both share the package. */
export const defaultTypes: TypeParsers = {
  getTypeParser: (oid, format) => types().getTypeParser(oid, format) as TypeParser,
};
