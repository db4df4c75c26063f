import type { ClientRequest } from 'node:http';
import { canWait } from '../../bridge/index.js';
import { COMPLETE } from '../../queries/index.js';
import { defineAccessors, isForReading } from './accessors.js';
import { check, isPromise, isStatus } from './checks.js';
import { NODE_REQUEST } from './node-request.js';
import { keepPassage, passageOf, type Passage } from './passage.js';
import { abortError, answerOf, begin, readable, sent } from './sending.js';
import type { Finish, PlainResponse, PlainTest, SupertestCopy } from './shape.js';
import { nextTick } from '../../real-time.js';

/** The synchronous kind of one copy of supertest's Test. */
export interface SyncTests {
  readonly prototype: object;
  /** Makes a request, just built by supertest, one of this kind. */
  adopt(test: PlainTest, passage: Passage): void;
}

/**
 * Makes the synchronous kind of Test for one copy of supertest.
 *
 * The objects stay those that supertest made, with supertest's code below: where no wait may begin
 * (after an `await`, in a callback) every method does what supertest does.
 */
export function syncTestsOf({ supertest, superagent }: SupertestCopy): SyncTests {
  class SyncTest extends supertest.Test {
    override expect(...args: unknown[]): this {
      const passage = passageOf(this);
      const hasCallback = typeof args[0] !== 'function' && args.slice(1).some((arg) => typeof arg === 'function');
      if (hasCallback || (passage.pending && !canWait())) return super.expect(...args);

      // supertest prepares the assertions, with the stack of this line; they are then checked here.
      const before = this._asserts.length;
      super.expect(...args);
      const added = this._asserts.splice(before);
      const response = answerOf(this);
      for (const assert of added) check(passage, assert, response, typeof args[0] === 'function');
      // Who expects the failure knows of it.
      if (isStatus(args[0]) && response.status >= 500) passage.unreported = undefined;
      return this;
    }

    override end(callback?: Finish): this {
      const passage = passageOf(this);
      // superagent calls it again for each redirect; a second call of the test's it refuses by itself.
      if (passage.sent && (passage.pending || passage.inside)) return passage.within(() => super.end(callback));
      if (passage.promise !== undefined) {
        // Answered already, by an .expect(); the callback comes later all the same, as it always does.
        passage.promise.then(
          (response) => nextTick(() => this.assert(null, response, callback)),
          (error: unknown) => nextTick(() => callback?.call(this, error)),
        );
        return this;
      }

      const finish = begin(this, passage);
      passage.within(() =>
        super.end((error, response) => {
          finish(error, response);
          callback?.call(this, error, response);
        }),
      );
      return this;
    }

    override then<A = PlainResponse, B = never>(
      resolve?: ((response: PlainResponse) => A | PromiseLike<A>) | null,
      reject?: ((error: unknown) => B | PromiseLike<B>) | null,
    ): Promise<A | B> {
      return sent(this).then(resolve, reject);
    }

    finally(callback?: (() => void) | null): Promise<PlainResponse> {
      return sent(this).finally(callback);
    }

    /** For whoever counts what the app does in the time of the request. */
    [COMPLETE](): void {
      answerOf(this);
    }

    override abort(): this {
      const passage = passageOf(this);

      super.abort();
      if (!passage.sent) passage.end({ kind: 'failed', error: abortError(passage) });
      return this;
    }

    override assert(error: unknown, response: PlainResponse | undefined, callback?: Finish): void {
      const { failure } = passageOf(this);
      const asserts = this._asserts;
      const promises: PromiseLike<unknown>[] = [];

      const finish = (found: unknown): void => {
        // A status that was not wanted is explained by the error behind it.
        if (found instanceof Error && failure !== undefined && found !== failure.error) found.cause ??= failure.error;
        callback?.call(this, found, response);
      };
      // supertest drops what an async expectation returns, and with it the failure.
      this._asserts = asserts.map((assert) => (answer: PlainResponse) => {
        const result = assert(answer);
        if (isPromise(result)) promises.push(result);
        return result;
      });
      try {
        // The app's own error says more than the connection that it broke.
        const reason = response !== undefined ? error : (failure?.error ?? hiddenError(this) ?? error);
        super.assert(reason, response, (found) => {
          if ((found !== null && found !== undefined) || promises.length === 0) return finish(found);
          Promise.all(promises).then(
            (results) => finish(results.find((result) => result instanceof Error) ?? null),
            (rejected: unknown) => finish(rejected),
          );
        });
      } finally {
        this._asserts = asserts;
      }
    }

    override callback(error: unknown, response?: PlainResponse): void {
      // What the hang-up hid (see hiddenError) comes after it, and is told already.
      if (this.called === true && error instanceof Error && error === hiddenError(this)) return;
      super.callback(error, response);
    }

    override get(field: string): string | undefined {
      return isForReading(this, passageOf(this)) ? readable(this).get(field) : super.get(field);
    }

    override request(): ClientRequest {
      const passage = passageOf(this);
      const { route } = passage;
      if (route === undefined || !isOf(route.origin, this.url)) {
        // Redirected to somewhere else than the app.
        if (route !== undefined && this._agent === route.line.agent) this._agent = false;
        return passage.within(() => super.request());
      }

      const { protocols } = superagent;
      const kept = { ...protocols };
      const isNew = this.req === undefined || this.req === null;
      this._agent = route.line.agent;
      // For the time of one synchronous call: nobody else sees the exchange.
      Object.assign(protocols, NODE_REQUEST);
      try {
        const request = passage.within(() => super.request());
        if (isNew) passage.carry(request);
        return request;
      } finally {
        Object.assign(protocols, kept);
      }
    }
  }

  const { prototype } = SyncTest;
  defineAccessors(prototype, supertest.Test.prototype as PlainTest);

  return {
    prototype,
    adopt(test, passage) {
      keepPassage(test, passage);
      // An own property would hide the accessor.
      Reflect.deleteProperty(test, 'header');
      Object.setPrototypeOf(test, prototype);
    },
  };
}

/**
 * Why a connection failed. While a wait pumps, Node closes the socket in the same turn of its loop as
 * the failure, before the ticks in which the failure is told: to http that is a hang-up.
 */
function hiddenError({ req }: PlainTest): Error | undefined {
  return req?.socket?.errored ?? undefined;
}

function isOf(origin: string, url: string): boolean {
  return url.startsWith(origin) && (url.length === origin.length || '/?#'.includes(url.charAt(origin.length)));
}
