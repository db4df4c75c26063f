/** One runner's words. They go to threads as they are, so all are text. */
export interface RunnerWords {
  readonly name: string;
  /** Packages whose frames in a stack are the runner's. */
  readonly packages: readonly string[];
  /** How Lockstep comes to the tests: the beginning of a sentence. */
  readonly install: string;
  /** Before everything else: follows "make". */
  readonly first: string;
  /** What becomes of a file that imports the app before Lockstep is there: a part of a sentence. */
  readonly early: string;
  /** How tsx comes before the tests: follows "install tsx and". */
  readonly loader: string;
  /** Where a call comes too early, besides a file's top level and a `describe`. */
  readonly tooEarly: string;
  /** How such a place comes behind Lockstep: the end of a sentence. */
  readonly order: string;
  /** A hook in which rows may be written: follows "in" and "into". */
  readonly hook: string;
  /** The hook behind all tests of a block: follows "in". */
  readonly lastHook: string;
  /** What raises a test's limit, as it is written. */
  readonly timeout: string;
  /** What has the runner use several processes, as it is written. */
  readonly parallel: string;
  /** What rolls a block back as one, as it is written. */
  readonly asOneCall: string;
  /** What runs a block on a separate database, as it is written. */
  readonly outsideCall: string;
  /** A block for which that is done, where transactions are real: follows "in". */
  readonly outside: string;
}
