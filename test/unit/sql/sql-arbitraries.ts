import fc from 'fast-check';
import type { Dialect } from '#src/sql/dialect.js';

export const DIALECTS: readonly Dialect[] = ['sqlite', 'postgres', 'mysql'];

export const dialect: fc.Arbitrary<Dialect> = fc.constantFrom(...DIALECTS);

/** Text made of the pieces that a lexer is likely to trip over, closed or not. */
export const roughSql: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...`' " \` [ ] ( ) ; : :: ? ?1 :a @a @@b $a $1 $$ $x$ -- # /* */ /*! \\ \n \r . .5 1e-3 0xF x'00' E' =`.split(
          ' ',
        ),
      ),
      fc.constantFrom('\n', '\r\n', ' ', '\t', '\ufeff'),
      fc.constantFrom('begin', 'end', 'case', 'create', 'trigger', 'commit', 'select', 'atomic', 'function', 'if'),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    ),
    { maxLength: 25 },
  )
  .map((pieces) => pieces.join(''));

/** Any text written as a string of that dialect. */
export function literal(text: string, of: Dialect): string {
  const doubled = text.replaceAll("'", "''");
  return `'${of === 'mysql' ? doubled.replaceAll('\\', '\\\\') : doubled}'`;
}
