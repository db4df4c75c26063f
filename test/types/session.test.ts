import { expectTypeOf } from 'expect-type';

import type { Row } from '#src/engine/engine.js';
import { expectQueries, type Queries, type StatementRecord } from '#src/queries/index.js';
import { sql, type Query, type RunResult, type Savepoint, type Session } from '#src/session/index.js';

interface Provider {
  id: number;
  name: string;
}

/** Never called: only its types are looked at. */
function uses(session: Session): void {
  expectTypeOf(session.get('…')).toEqualTypeOf<Row | undefined>();
  expectTypeOf(session.get<Provider>('…', [1])).toEqualTypeOf<Provider | undefined>();
  expectTypeOf(session.get<Provider>(sql`…`)).toEqualTypeOf<Provider | undefined>();
  expectTypeOf(session.all('…', { id: 1 })).toEqualTypeOf<Row[]>();
  expectTypeOf(session.all<Provider>('…')).toEqualTypeOf<Provider[]>();
  expectTypeOf(session.run('…')).toEqualTypeOf<RunResult>();
  expectTypeOf(session.exec('…')).toEqualTypeOf<void>();
  expectTypeOf(session.sql`…`).toEqualTypeOf<Row[]>();
  expectTypeOf(session.sql<Provider>`${1} ${'a'} ${[1, 2]}`).toEqualTypeOf<Provider[]>();
  // @ts-expect-error parameters are a list or an object
  session.get('…', 5);

  expectTypeOf(session.queries).toEqualTypeOf<Queries>();
  expectTypeOf(session.queries.filter(({ by }) => by === 'app')).toEqualTypeOf<StatementRecord[]>();
  expectTypeOf(session.queries.omitted).toEqualTypeOf<number>();
  expectTypeOf(expectQueries(1, () => 5)).toEqualTypeOf<number>();
  expectTypeOf(expectQueries({ min: 1, max: 2, transactions: true }, () => undefined)).toEqualTypeOf<undefined>();
  // @ts-expect-error the list is not to be changed
  expectTypeOf<StatementRecord[]>(session.queries);

  expectTypeOf(session.insert('providers', { name: 'a' })).toEqualTypeOf<Row>();
  expectTypeOf(session.insert<Provider>('providers', { name: 'a' })).toEqualTypeOf<Provider>();
  expectTypeOf(session.insert<Provider>('providers', [{ name: 'a' }])).toEqualTypeOf<Provider[]>();
  expectTypeOf(session.insert('providers', [] as Provider[])).toEqualTypeOf<Row[]>();
  expectTypeOf(session.insert('providers', {} as Provider)).toEqualTypeOf<Row>();
  const optional: { id?: number; name: string } = { name: 'a' };
  expectTypeOf(session.insert('providers', optional)).toEqualTypeOf<Row>();
  expectTypeOf(session.insert('providers', optional as Partial<typeof optional>)).toEqualTypeOf<Row>();
  const factory = <T extends object>(row: T): Row => session.insert('providers', { name: 'a', ...row });
  expectTypeOf(factory(optional)).toEqualTypeOf<Row>();
  // @ts-expect-error a row is an object
  session.insert('providers', 'a');

  expectTypeOf(session.count('providers')).toEqualTypeOf<number>();
  expectTypeOf(session.count('providers', { id: [1, 2], name: null })).toEqualTypeOf<number>();
  expectTypeOf(session.count('providers', sql`id > ${1}`)).toEqualTypeOf<number>();
  // @ts-expect-error a condition is no text
  session.count('providers', 'id = 1');

  expectTypeOf(session.of('audit')).toEqualTypeOf<Session>();
  // @ts-expect-error a database is named
  session.of();

  expectTypeOf(session.transaction(() => 5)).toEqualTypeOf<number>();
  expectTypeOf(session.transaction(() => session.insert<Provider>('providers', {}))).toEqualTypeOf<Provider>();
  expectTypeOf(session.transaction(() => undefined)).toEqualTypeOf<undefined>();
  expectTypeOf(
    session.transaction(() => {
      session.exec('…');
    }),
  ).toEqualTypeOf<void>();
  // @ts-expect-error an async function would go on after the transaction
  session.transaction(async () => Promise.resolve(5));
  // @ts-expect-error so would a function that returns a promise
  session.transaction(() => Promise.resolve(5));
  const later = async (): Promise<void> => Promise.resolve();
  // @ts-expect-error also when it was named before
  session.transaction(later);
  // @ts-expect-error also when the type is given
  session.transaction<Promise<void>>(later);

  expectTypeOf(session.savepoint()).toEqualTypeOf<Savepoint>();
  expectTypeOf<Savepoint>().toExtend<Disposable>();
}

describe('types of the session', () => {
  it('hold', () => void uses);

  it('sql makes queries', () => {
    expectTypeOf(sql`select ${1} from ${sql.id('a', 'b')} where ${sql`c`}`).toEqualTypeOf<Query>();
    // @ts-expect-error a name is a string
    (): unknown => sql.id(5);
    // @ts-expect-error at least one name
    (): unknown => sql.id();
    // @ts-expect-error a tag, not a function
    (): unknown => sql('select 1');
  });
});
