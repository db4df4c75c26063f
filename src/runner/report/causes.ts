/** How far causes are followed. */
const DEPTH = 5;

/** An error, what caused it, and what these wrap: `cause`, Sequelize's `parent`, an AggregateError's `errors`. */
export function causesOf(error: unknown, depth = 0): readonly Error[] {
  if (!(error instanceof Error) || depth > DEPTH) return [];

  const { parent } = error as { readonly parent?: unknown };
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error, ...[error.cause, parent, ...inner].flatMap((cause) => causesOf(cause, depth + 1))];
}
