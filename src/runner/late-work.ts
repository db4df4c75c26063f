import type { Leaks } from '../config/index.js';
import { LateWorkError } from '../errors.js';
import { shortSql } from '../sandbox/short-sql.js';
import type { LateStatement } from '../sandbox/vocabulary.js';

/** Tests that are named; the rest are counted. */
const SHOWN = 10;

/**
 * What tests have left behind that went on after their end. None of it is charged to the test that
 * runs then, so the end of the run tells of it.
 */
export class LateWork {
  /** By the title of the test: what came first. */
  readonly #first = new Map<string, string>();

  /** A statement that was refused. */
  refused({ title, connection, sql, advice }: LateStatement): void {
    this.#note(title, `${connection} sent "${shortSql(sql)}"${advised(advice)}`);
  }

  /** Something that has failed. */
  failed(title: string, error: unknown, advice?: string): void {
    this.#note(title, `failed with ${String(error).split('\n', 1)[0]}${advised(advice)}`);
  }

  #note(title: string, what: string): void {
    if (!this.#first.has(title)) this.#first.set(title, what);
  }

  /**
   * All that there was, as one error; undefined for none. Asked once.
   *
   * @param leaks what the config makes of it
   */
  take(leaks: Leaks): LateWorkError | undefined {
    const tests = [...this.#first];
    this.#first.clear();
    if (tests.length === 0) return undefined;

    const lines = tests.slice(0, SHOWN).map(([title, what]) => `  - "${title}": ${what}`);
    const more = tests.length > SHOWN ? [`  - and ${tests.length - SHOWN} more`] : [];
    return new LateWorkError({
      what: `${tests.length === 1 ? 'A test' : `${tests.length} tests`} left work behind that nobody waited for:\n${[...lines, ...more].join('\n')}`,
      why: 'Its statements were refused and its errors set apart, so that no other test has seen any of it.',
      remedy: [
        'Let the test wait for what it calls: sync(…), await, or client.settle().',
        ...(leaks === 'error' ? [] : ["leaks: 'error' in the config makes this a failure of the run."]),
      ].join(' '),
    });
  }
}

function advised(advice: string | undefined): string {
  return advice === undefined ? '' : `; ${advice}`;
}
