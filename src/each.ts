/** Does it for each, also after an error. Throws that error; of several, all at once. */
export function each<T>(items: readonly T[], work: (item: T) => void): void {
  let errors: unknown[] | undefined;

  for (const item of items) {
    try {
      work(item);
    } catch (error) {
      (errors ??= []).push(error);
    }
  }
  if (errors === undefined) return;
  if (errors.length > 1) throw new AggregateError(errors, errors.map(String).join('\n'));
  throw errors[0];
}
