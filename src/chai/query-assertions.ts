import { SessionUsageError } from '../errors.js';
import { countQueries, type QueryCount } from '../queries/index.js';
import type { ChaiCopy, ChaiUtils, Expectation } from './plugin.js';

/** Notes on an assertion that `executed` was called, so that `.queries` has something to say. */
const EXECUTED = 'lockstep.executed';

/** `.executed(3).queries`. */
export function addQueryAssertions({ Assertion }: ChaiCopy, utils: ChaiUtils): void {
  Assertion.addMethod('executed', function (this: Expectation, expected: number | QueryCount) {
    const {
      holds,
      lines,
      expected: wanted,
      actual,
    } = countQueries('expect(…).to.have.executed', expected, this._obj as () => unknown);
    const [summary = '', ...more] = lines;
    const list = more.map((line) => `\n  ${line}`).join('');

    utils.flag(this, EXECUTED, true);
    this.assert(
      holds,
      () => `${summary}${list}`,
      () => `${summary.replace(/^expected /, 'expected other than ')}${list}`,
      wanted,
      wanted === undefined ? undefined : actual,
    );
  });

  Assertion.addProperty('queries', function (this: Expectation) {
    if (utils.flag(this, EXECUTED) === true) return;

    throw new SessionUsageError({
      what: 'expect(…).to.have.queries was used without a number.',
      remedy: "Write expect(() => client.get('/providers')).to.have.executed(3).queries.",
    });
  });
}
