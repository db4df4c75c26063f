import { RequestError } from '../errors.js';

/** A response's body as its content type says: JSON, a form, else text. */
export function parseBody(label: string, contentType: string | undefined, text: string): unknown {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

  if (type === 'application/json' || type.endsWith('+json')) return parseJson(label, text);
  if (type === 'application/x-www-form-urlencoded') return parseForm(text);
  return text;
}

/** @throws RequestError with an excerpt when `text` is not JSON. */
export function parseJson(label: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RequestError({
      what: `${label}: the response is not JSON: ${excerpt(text)}`,
      why: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Read response.text for the body as it is.',
      cause,
    });
  }
}

/** The beginning of a body, on one line. */
export function excerpt(text: string): string {
  if (text === '') return '(empty body)';
  const line = text.replace(/\s+/g, ' ');
  return line.length > 300 ? `${line.slice(0, 297)}...` : line;
}

function parseForm(text: string): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const earlier = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const merged = earlier === undefined ? value : [earlier, value].flat();
    // A field may be called __proto__.
    Object.defineProperty(fields, name, { value: merged, enumerable: true, configurable: true, writable: true });
  }
  return fields;
}
