import type { OpenApiViolation } from '../../errors.js';
import type { Response } from '../response.js';
import { isObject } from './document.js';
import type { OpenApiDocument, Place } from './document.js';
import type { SchemaValidator } from './validator.js';
import { violationsOf } from './violations.js';

/** What is wrong with the headers that the document has for an answer. */
export function headerViolations(
  document: OpenApiDocument,
  validator: SchemaValidator,
  answer: Place,
  response: Response,
): OpenApiViolation[] {
  const { headers } = answer.value;
  if (!isObject(headers)) return [];

  return Object.keys(headers).flatMap((name) => {
    const declared = document.at([...answer.path, 'headers', name]);
    // Its content type is told by `content` (OpenAPI, section Response Object).
    if (declared === undefined || name.toLowerCase() === 'content-type') return [];

    const text = response.header(name);
    if (text === undefined) {
      if (declared.value['required'] !== true) return [];
      return [{ place: 'header' as const, pointer: name, value: undefined, expected: 'this header' }];
    }
    const schema = document.at([...declared.path, 'schema']);
    if (schema === undefined) return [];
    const found = violationsOf(validator.at(schema.path)(valueOf(text, schema.value['type'])), 'header');
    return found.map((violation) => ({ ...violation, pointer: name + violation.pointer }));
  });
}

/** A header's text as the type that it is declared with. */
function valueOf(text: string, type: unknown): unknown {
  const types = [type].flat();

  if (types.includes('array')) return text.split(',').map((each) => each.trim());
  if (
    types.some((each) => each === 'integer' || each === 'number') &&
    text.trim() !== '' &&
    !Number.isNaN(Number(text))
  )
    return Number(text);
  if (types.includes('boolean') && /^(?:true|false)$/.test(text)) return text === 'true';
  return text;
}
