/**
 * Assertions for responses and for the database, for chai: `import 'lockstep/chai'` adds them to the
 * chai that is installed beside Lockstep; `chai.use(lockstepChai)` adds them to any other copy.
 *
 * @example
 * ```ts
 * import { expect } from 'chai';
 * import 'lockstep/chai';
 *
 * expect(client.post('/providers', { json: { name: 'Erste' } })).to.have.status(201);
 * expect(session).to.have.row('providers', { name: 'Erste' });
 * expect(() => client.get('/providers')).to.have.executed(1).queries;
 * ```
 *
 * @module
 */

import { use } from 'chai';
import type { Query, Where } from '../session/index.js';
import type { QueryCount } from '../queries/index.js';
import type { ChaiCopy, ChaiUtils } from './plugin.js';
import { addQueryAssertions } from './query-assertions.js';
import { addResponseAssertions } from './response-assertions.js';
import { addSessionAssertions } from './session-assertions.js';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the only way to add to chai's types
  namespace Chai {
    interface Assertion {
      /** Whether a response has this status. */
      status(code: number): Assertion;

      /** Whether a response has a header, of that value or matching. Several values are joined by `, `. */
      header(name: string, value?: string | RegExp): Assertion;

      /**
       * Whether a response's body is JSON and has what is given: of objects the given properties, of
       * arrays each element; a regular expression matches a string.
       */
      json(partial?: unknown): Assertion;

      /** Whether a response redirects to a URL or path, or was reached by a redirect to it. */
      redirectTo(url: string | RegExp): Assertion;

      /** Whether a response sets a cookie, to that value or matching. */
      cookie(name: string, value?: string | RegExp): Assertion;

      /** Whether a table has a row, of these columns or meeting the condition. */
      row(table: string, where?: Where | Query): Assertion;

      /** Whether a table has that many rows, all in all or of these columns. */
      count(table: string, rows: number): Assertion;
      count(table: string, where: Where | Query, rows: number): Assertion;

      /**
       * Whether the app sends that many statements, or `{ max: 3 }`, while a function runs:
       * `expect(() => client.get('/providers')).to.have.executed(3).queries`.
       */
      executed(count: number | QueryCount): Assertion;

      /** Only to be read behind `executed`. */
      queries: Assertion;
    }
  }
}

/** The plug-in. Given twice to the same copy of chai, it is added once. */
export default function lockstepChai(chai: ChaiCopy, utils: ChaiUtils): void {
  addResponseAssertions(chai);
  addSessionAssertions(chai);
  addQueryAssertions(chai, utils);
}

use(lockstepChai);

export { lockstepChai };
