/** How far causes are followed. */
const DEPTH = 5;

/** An error, what caused it, and what these wrap: `cause`, Sequelize's `parent`, TypeORM's `driverError`, an AggregateError's `errors`. */
export function causesOf(error: unknown, depth = 0): readonly Error[] {
  if (!(error instanceof Error) || depth > DEPTH) return [];

  const { parent, driverError } = error as { readonly parent?: unknown; readonly driverError?: unknown };
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error, ...[error.cause, parent, driverError, ...inner].flatMap((cause) => causesOf(cause, depth + 1))];
}
