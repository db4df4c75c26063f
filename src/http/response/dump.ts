import { statementLine } from '../../queries/index.js';
import { isFrame, isMachinery } from '../../stack-text.js';
import type { Response } from '../response.js';

/** Characters of a body that a dump shows. */
const SHOWN = 10_000;

/** The whole exchange, for people to read. */
export function report(response: Response, curl: string): string {
  const { method, url, status, statusText, headers, elapsed, history, informational, trailers } = response;
  const lines: string[] = [];

  for (const hop of history) lines.push(`${hop.method} ${hop.url} -> ${hop.status}, ${hop.headers.location ?? ''}`);
  lines.push(`${method} ${url}`);
  for (const early of informational) lines.push(`-> ${early.status}`, ...headerLines(early.headers));
  lines.push(`-> ${status} ${statusText} (${elapsed.toFixed(1)} ms)`, ...headerLines(headers), '');
  lines.push(bodyText(response));
  if (Object.keys(trailers).length > 0) lines.push('', 'trailers:', ...headerLines(trailers));
  return [...lines, '', ...background(response, curl)].join('\n');
}

/** What explains an answer: the app's error, its statements, how to send the request again. */
function background(response: Response, curl: string): string[] {
  const { serverError, queries } = response;
  const lines: string[] = [];

  if (serverError !== undefined) lines.push("the app's error:", ...indented(errorText(serverError)));
  if (queries.length > 0) lines.push('SQL of this request:', ...queries.map((query) => `  ${statementLine(query)}`));
  return [...lines, 'send it again:', `  ${curl}`];
}

function headerLines(headers: Readonly<Record<string, string | readonly string[] | undefined>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : (value ?? [])).map((each) => `   ${name}: ${each}`),
  );
}

function bodyText({ bytes, headers, text }: Response): string {
  if (bytes.length === 0) return '(empty body)';
  // Text has no NUL; what has is shown by its size alone.
  if (bytes.subarray(0, 1024).includes(0)) {
    return `(${bytes.length} bytes of ${headers['content-type'] ?? 'no content type'})`;
  }

  const shown = pretty(text);
  return shown.length > SHOWN ? `${shown.slice(0, SHOWN)}... (${shown.length} characters)` : shown;
}

function pretty(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** An error with the frames of the app's code: how the request came there is not what explains it. */
function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);

  const lines = (error.stack ?? String(error)).split('\n');
  return lines.filter((line) => !isFrame(line) || !isMachinery(line)).join('\n');
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`);
}
