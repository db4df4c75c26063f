import { expect } from 'chai';
import { repeatsIn } from '#src/queries/repeats.js';
import type { Entry, Span } from '#src/queries/scope-queries.js';
import type { StatementRecord } from '#src/queries/record.js';

const call = (label: string): Span => ({ label, from: [0], to: [Infinity] });
const [a, b, c] = [call('GET /a'), call('GET /b'), call('GET /c')];
const app = { by: 'app' } as StatementRecord;

/** So many statements of a shape, answered in the time of some calls. */
function sent(count: number, spans: readonly Span[], shape = 'select'): Entry[] {
  const span = spans.length === 1 ? spans[0] : undefined;
  return Array.from({ length: count }, (_, number) => ({
    ...{ record: app, dialect: 'sqlite', shape, control: false, spans, span, source: 0, number },
  }));
}

/** What is told with a limit of 5. */
function told(...entries: readonly Entry[][]): string[] {
  return repeatsIn(entries.flat(), 5).map(({ request, shape, count }) => `${request} ${shape} ${count}`);
}

describe('what looks like N+1', () => {
  it('is more than the limit, in one call that was alone', () => {
    expect(told(sent(5, [a]), sent(5, [b]))).to.deep.equal([]);
    expect(told(sent(6, [a]), sent(5, [b]))).to.deep.equal(['GET /a select 6']);
    expect(told(sent(6, []))).to.deep.equal([]);
  });

  it('is more than the limit for each, in calls that were in flight together', () => {
    expect(told(sent(10, [a, b]))).to.deep.equal([]);
    expect(told(sent(11, [a, b]))).to.deep.equal(['GET /a and GET /b together select 11']);
    expect(told(sent(6, [a, b]), sent(6, [a, b], 'update'))).to.deep.equal([]);
  });

  it('counts what they sent alone', () => {
    expect(told(sent(5, [a]), sent(4, [a, b]), sent(1, [b]))).to.deep.equal([]);
    expect(told(sent(5, [a]), sent(4, [a, b]), sent(2, [b]))).to.deep.equal(['GET /a and GET /b together select 11']);
    expect(told(sent(6, [a]), sent(7, [a, b]))).to.deep.equal(['GET /a select 6']);
  });

  it('is asked of all calls that are bound by others', () => {
    expect(told(sent(8, [a, b]), sent(7, [b, c]))).to.deep.equal([]);
    expect(told(sent(8, [a, b]), sent(8, [b, c]))).to.deep.equal(['GET /a, GET /b and GET /c together select 16']);
    expect(told(sent(11, [a, b]), sent(1, [c]))).to.deep.equal(['GET /a and GET /b together select 11']);
  });

  it('names a few of many', () => {
    const calls = Array.from({ length: 5 }, (_, index) => call(`GET /${index}`));
    expect(told(sent(26, calls))).to.deep.equal(['GET /0, GET /1, GET /2 and others together select 26']);
    expect(told(sent(26, [a, ...Array.from({ length: 4 }, () => call('GET /a'))]))).to.deep.equal([
      'GET /a, 5 times together, select 26',
    ]);
  });

  it('is nothing of the session, and no COMMIT', () => {
    const many = sent(30, [a]);
    expect(told(many.map((entry) => ({ ...entry, control: true })))).to.deep.equal([]);
    expect(told(many.map((entry) => ({ ...entry, record: { ...app, by: 'session' as const } })))).to.deep.equal([]);
  });
});
