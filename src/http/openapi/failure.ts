import { inspect } from 'node:util';
import { OpenApiError } from '../../errors.js';
import type { OpenApiViolation } from '../../errors.js';
import { explanation } from '../response/explanation.js';
import type { Response } from '../response.js';

/** Violations that a message lists. */
const LISTED = 10;

const REMEDY =
  'Mend the app or the document; for one call openapi: false, for all that is not declared client.openapi.undeclared.';

/** The error of an answer that is not as `name`, a document, has it. */
export function openApiError(
  name: string,
  response: Response,
  operation: string | undefined,
  violations: readonly OpenApiViolation[],
): OpenApiError {
  const { method, url, status, statusText } = response;
  const lines = violations.slice(0, LISTED).map((violation) => `  ${sentence(violation)}`);
  if (violations.length > LISTED) lines.push(`  and ${violations.length - LISTED} more`);
  const answer = `${status} ${statusText}`.trim();
  const declared = operation === undefined ? `is not declared in ${name}` : `is not as ${name} declares ${operation}`;

  return new OpenApiError(
    {
      what: [`${method} ${url}: the answer ${answer} ${declared}`, ...lines].join('\n  '),
      why: explanation(response),
      remedy: REMEDY,
    },
    { operation, status, violations },
  );
}

function sentence({ place, pointer, value, expected }: OpenApiViolation): string {
  const subject = place === 'body' ? (pointer === '' ? 'the body' : pointer) : `${place} ${pointer}`.trim();
  return `${subject}: wanted ${expected}, got ${value === undefined ? 'nothing' : shown(value)}`;
}

function shown(value: unknown): string {
  const text = inspect(value, { depth: 2, breakLength: Infinity, maxArrayLength: 5, maxStringLength: 100 });
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}
