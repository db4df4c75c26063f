import type { ErrorRequestHandler, RequestHandler } from 'express';
import { ApiError, NotFoundError, ValidationError } from '../errors.js';

/** No route has answered. */
export const nothingHere: RequestHandler = (req) => {
  throw new NotFoundError(`There is nothing at ${req.path}.`);
};

/** Answers the failures that callers are told about; the others are bugs and go on to Express. */
export const knownFailures: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (!(error instanceof ApiError)) {
    next(error);
    return;
  }

  const { status, code, message } = error;
  const fields = error instanceof ValidationError ? { fields: error.fields } : {};

  res.status(status).json({ error: { code, message, ...fields } });
};
