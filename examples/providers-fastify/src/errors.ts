import { DatabaseError } from 'pg';

/** The failures that callers of the API are told about, each with its HTTP status. */

export abstract class ApiError extends Error {
  abstract readonly status: number;
  abstract readonly code: string;
}

export class UnauthorizedError extends ApiError {
  readonly status = 401;
  readonly code = 'unauthorized';
}

export class NotFoundError extends ApiError {
  readonly status = 404;
  readonly code = 'not_found';
}

export class ConflictError extends ApiError {
  readonly status = 409;
  readonly code = 'conflict';
}

/** The input breaks rules; `fields` says which, one sentence per field. */
export class ValidationError extends ApiError {
  readonly status = 422;
  readonly code = 'invalid';
  readonly fields: Readonly<Record<string, string>>;

  constructor(fields: Readonly<Record<string, string>>) {
    super('The request breaks rules.');
    this.fields = fields;
  }
}

/** The provider's side refused or answered nonsense. */
export class GatewayError extends ApiError {
  readonly status = 502;
  readonly code = 'gateway';
}

// Postgres manual, appendix A: error codes.
const UNIQUE_VIOLATION = '23505';
// What ON DELETE RESTRICT forbids has a code of its own since Postgres 18.
const FOREIGN_KEY_VIOLATIONS = ['23503', '23001'];

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === UNIQUE_VIOLATION;
}

export function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof DatabaseError && FOREIGN_KEY_VIOLATIONS.includes(error.code ?? '');
}
