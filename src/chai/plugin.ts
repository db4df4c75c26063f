/** The part of chai 4, 5 and 6 that is used. */
export interface ChaiCopy {
  readonly Assertion: {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- chai's own declaration of a method
    addMethod(name: string, method: (this: any, ...args: any[]) => void): void;
  };
}

/** An assertion in the making: `this` of an added method. */
export interface Expectation {
  /** What was given to `expect`. */
  readonly _obj: unknown;
  /**
   * @param failed the message when `holds` is false, `refuted` when it is true after `.not`
   * @throws AssertionError
   */
  assert(
    holds: boolean,
    failed: string | (() => string),
    refuted: string | (() => string),
    expected?: unknown,
    actual?: unknown,
  ): void;
}
