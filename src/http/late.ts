import { pendingNow } from '../bridge/index.js';
import { SyncTimeoutError } from '../errors.js';
import { fakeClock } from '../fake-clock.js';
import type { Deadline } from './deadline.js';

/** What is known of a wait whose deadline has passed. */
interface Late {
  /** How far it has come, as the list of what is pending has it. */
  readonly sentence: string;
  /** Where nothing else is pending that would explain it. */
  readonly why: string;
  readonly remedy: string;
}

/** The error of a wait that is awaited, when its deadline passes. */
export function lateError({ ms, call }: Deadline, { sentence, why, remedy }: Late): SyncTimeoutError {
  const fake = fakeClock();
  const others = pendingNow().filter((line) => !line.startsWith(sentence.replace(/\d+ ms$/, '')));

  return new SyncTimeoutError({
    what: `${call === undefined ? '' : `${call}: `}${sentence}, which is past its timeout of ${Math.round(ms)} ms.`,
    why: [
      fake?.why ?? why,
      ...(others.length === 0 ? [] : ['Still pending:', ...others.map((line) => `  - ${line}`)]),
    ].join('\n  '),
    remedy: fake?.remedy ?? remedy,
  });
}
