import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, NotFoundError, ValidationError } from '../errors.js';

type Broken = NonNullable<FastifyError['validation']>[number];

/** What Ajv adds to an error when it is verbose: the schema that was broken. */
interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** No route has answered. */
export function nothingHere(request: FastifyRequest): never {
  throw nothingAt(request);
}

/** Answers the failures that callers are told about; the others are bugs and go on to Fastify. */
export function answerFailure(error: FastifyError | ApiError, request: FastifyRequest, reply: FastifyReply): void {
  const known = asApiError(error, request);
  if (!known) throw error;

  const { status, code, message } = known;
  const fields = known instanceof ValidationError ? { fields: known.fields } : {};

  reply.code(status).send({ error: { code, message, ...fields } });
}

function asApiError(error: FastifyError | ApiError, request: FastifyRequest): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (!error.validation) return undefined;

  // What is not an id names nothing.
  if (error.validationContext === 'params') return nothingAt(request);

  return new ValidationError(Object.fromEntries(error.validation.map(complaint)));
}

function nothingAt(request: FastifyRequest): NotFoundError {
  const [path] = request.url.split('?');

  return new NotFoundError(`There is nothing at ${path}.`);
}

/** The field that a broken rule is about, and what it has to be. */
function complaint(broken: Broken): [field: string, sentence: string] {
  const { instancePath, parentSchema, params, message } = broken as Broken & { parentSchema?: Schema };

  // A field that is missing breaks a rule of the object around it.
  const missing = params['missingProperty'] as string | undefined;
  const schema = missing === undefined ? parentSchema : parentSchema?.properties?.[missing];
  const field = [...instancePath.split('/'), missing].filter(Boolean).join('.');

  return [field || 'body', schema?.description ? `must be ${schema.description}` : `${message}`];
}
