/**
 * The contract between a test runner and the core: what an adapter supplies. The core begins and ends scopes,
 * lets the app settle, says what a test fails with and reports it; a runner's own shapes, files, variables and
 * sentences are its adapter's.
 *
 * In the order in which an adapter uses the core (test/integration/runner/tiny is the smallest one):
 *
 * 1. `TestRun.prepare(adapter)` before any file of the app is imported, test files too.
 * 2. `lifecycle.start()`, where files are still to be loaded: the database is there for their top level then. What
 *    fails is told by `begin`.
 * 3. `lifecycle.tests(files)`, and `lifecycle.warmUp()` where the runner has a moment that is no test's own.
 * 4. `begin()`, from a hook before all others.
 * 5. `run(step, done)` for each test and hook, instead of calling it, where the run is `automatic`; where it is not,
 *    `scope.enter(place)` before and `scope.leaveTest()` behind each test.
 * 6. `verdict.add(error, of)` for what has failed elsewhere, before it is printed.
 * 7. `end()` behind the last, and `letGo(leftOpen)` when nothing of the run is to come.
 */

import type { Exports, Identities, ImportApp, Rollback } from '../config/index.js';
import type { Run } from '../engine/index.js';
import type { Realm } from '../realms.js';
import type { RunnerWords } from './words.js';

/** One runner in one process. */
export interface RunnerAdapter {
  /** Its name, and its sentences in messages. */
  readonly words: RunnerWords;
  /** The run that this process takes part in. */
  readonly run: Run;
  readonly imports: Imports;
  /** Globals of the tests, where they are not those of this module, and their clocks may be faked. */
  readonly realms: readonly Realm[];
  readonly rules: UsedRules;
  /** Who prints failures where nothing more is known; see `FailureReport.printedBy`. */
  readonly printer: Printer;

  /** Whether an error is the runner's own, of a test or hook whose time is over. */
  isTimeout(error: unknown): boolean;
}

/** How files are imported that tests share with the app: by the runner's module graph, or both have copies of their own. */
export interface Imports {
  /** The config. */
  readonly config: (path: string) => Promise<Exports>;
  /** The app. */
  readonly app: ImportApp;
}

/** Who prints failures, as far as it matters to what their stacks hold. */
export interface Printer {
  /** Whether the user has asked for frames of the runner. */
  readonly fullTrace: boolean;
  /** Whether it has no room for what did not fail. */
  readonly brief: boolean;
  /** Whether it prints the message beside the stack anyway, so that one in the stack would be a second. */
  readonly showsMessage: boolean;
  /** Characters that it puts before each line of a stack. */
  readonly indent: number;

  /** Whether it takes a line out of a stack, or changes it. */
  changes(line: string): boolean;
}

/** Whether any block of this process has a rule of that kind, or may come to have one: else nobody looks for it. */
export interface UsedRules {
  readonly identities: boolean;
  readonly outside: boolean;
}

/** A block of tests, mostly a `describe`; the outermost is around all files, or all of one. */
export interface SuiteNode {
  /** What tells that two nodes are the same block. */
  readonly id: unknown;
  /** The block around it; undefined for the outermost. */
  readonly parent: SuiteNode | undefined;
  /** Full title as the runner prints it; empty for the outermost. */
  readonly title: string;
  /** Rules of its own; undefined where the block around it says, or the config. */
  readonly rollback: Rollback | undefined;
  readonly identities: Identities | undefined;
  /** Whether it is run on a separate database. */
  readonly outside: boolean;
  /** Whether its tests and hooks are run where the runner calls them, and cannot wait. */
  readonly manual: boolean;
}

/** What a report tells of. */
export interface Reportable {
  /** What tells that two are the same test or hook. */
  readonly id: unknown;
  /** Its own title, without those of the blocks around it. */
  readonly name: string;
  /** Absolute path of the file that it is written in. */
  readonly file?: string | undefined;
}

/** A test; each attempt of one that is tried again is another. */
export interface TestNode extends Reportable {
  /** Full title as the runner prints it; asked for only where somebody reads it. */
  readonly title: string;
  readonly suite: SuiteNode;
  /** Its function, whose text tells of forgotten calls. */
  readonly fn: unknown;
  /** Whether it has failed already. */
  readonly failed: boolean;
  /** What it has failed with, as far as that is known. */
  readonly error: unknown;

  /** Lets it fail though its function is over, and nothing else: where an error is added. */
  fail(error: unknown): void;
}

/** Called when a function is over; with what it failed with, undefined for success. */
export type Done = (error?: unknown) => void;

/** One function that the runner runs: that of a test, or a hook. */
export interface Step extends Reportable {
  readonly kind: 'test' | 'hook';
  /** Full title as the runner prints it; asked for only where somebody reads it. */
  readonly title: string;
  /** The block that it is written in. */
  readonly suite: SuiteNode;
  /** The test to which it belongs, also a hook around each test; undefined for a hook that runs once for its block. */
  readonly test: TestNode | undefined;
  /** Whether nothing more runs for that test behind it. */
  readonly last: boolean;
  /** The function, whose text tells of forgotten calls. */
  readonly fn: unknown;

  /** Runs it as the runner does, from the place where it is called. */
  call(done: Done): void;

  /** Its limit in milliseconds from its beginning, 0 for none; read anew each time, as a test may change it. */
  timeout(): number;
  /** Stops the runner's timer: one that fires inside a wait would start the next test on top of this one. */
  park(): void;
  /** Starts it again, if `park` has stopped it. */
  unpark(): void;
}
