/** The kinds of SQL that the lexer tells apart. */
export type Dialect = 'sqlite' | 'postgres' | 'mysql';
