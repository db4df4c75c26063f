import type Http from 'node:http';
import type { FailedAnswer } from '../../http/index.js';
import { lazily } from '../../lazily.js';
import { placesOf, headline } from '../../stack-text.js';
import { causesOf } from './causes.js';

const http = lazily<typeof Http>('node:http');

/** Answers that are told of, one by one. */
const SHOWN = 3;

interface Group {
  readonly answer: FailedAnswer;
  readonly label: string;
  count: number;
}

/**
 * Tells the app's error behind each answer with a status of 500 or more, which the failed assertion
 * does not know; undefined where there is nothing to tell.
 *
 * @param failure the test's error: what its stack says already is not said again
 * @param limit lines about where each error comes from
 */
export function answersParagraph(answers: readonly FailedAnswer[], failure: Error, limit: number): string | undefined {
  const thrown = causesOf(failure);
  const groups = grouped(answers.filter(({ error }) => !causesOf(error).some((cause) => thrown.includes(cause))));
  const shown = groups.slice(-SHOWN);
  const said = `${failure.message}\n${failure.stack}`;
  const lines = shown.flatMap((group) => groupLines(group, said, limit));
  if (lines.length === 0) return undefined;

  const before = groups.length - shown.length;
  if (before > 0) lines.unshift(`${before} more answered with a status of 500 or more before these.`);
  return lines.map((line) => `  ${line}`).join('\n');
}

/** Those that tell the same, once, in the order in which they came last. */
function grouped(answers: readonly FailedAnswer[]): Group[] {
  const groups = new Map<string, Group>();

  for (const answer of answers) {
    const { status, error, body } = answer;
    const label = `${answer.label} answered ${status} ${http().STATUS_CODES[status] ?? ''}`.trimEnd();
    const key = `${label}\n${error === undefined ? body : headline(error)}`;
    const count = (groups.get(key)?.count ?? 0) + 1;
    groups.delete(key);
    groups.set(key, { answer, label, count });
  }
  return [...groups.values()];
}

function groupLines({ answer, label, count }: Group, said: string, limit: number): string[] {
  const { error, body } = answer;
  const times = count > 1 ? `, ${count} times` : '';
  if (error === undefined) return body === '' || said.includes(body) ? [] : [`${label}${times}: ${body}`];

  const places = placesOf(error, limit).map((place) => `    ${place}`);
  const [first = '', ...more] = headline(error).split('\n');
  if (said.includes(first)) return places.length === 0 ? [] : ["The app's error comes from:", ...places];
  const title = said.includes(label) ? "The app's error:" : `${label}${times}:`;
  return [title, ...[first, ...more].map((line) => `  ${line}`), ...places];
}
