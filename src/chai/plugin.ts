/** The part of chai 4, 5 and 6 that is used. */
export interface ChaiCopy {
  readonly Assertion: {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- chai's own declaration of a method
    addMethod(name: string, method: (this: any, ...args: any[]) => void): void;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
    addProperty(name: string, getter: (this: any) => void): void;
  };
}

/** The part of chai's utilities that is used: what is noted on an assertion goes on along its chain. */
export interface ChaiUtils {
  flag(assertion: object, key: string, value?: unknown): unknown;
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
