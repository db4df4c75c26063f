import type { Step } from './steps.js';
import { EngineMissingError, ServerError, type Explanation, type LockstepError } from '../../../../errors.js';

/** What a keeper tells whoever connects to it: one line of JSON, as soon as it knows. */
export type Greeting =
  | {
      readonly status: 'ready';
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password?: string;
      /** Counts those who joined, from 1. */
      readonly member: number;
      /** Whether who joined had been there before, and did not say goodbye. */
      readonly again: boolean;
      /** The server's folder. */
      readonly run: string;
      /** Name of an empty database that nobody has, for this member to take; undefined if it has to make one. */
      readonly prepared?: string;
      /** What the start was busy with, and for how many milliseconds. */
      readonly steps: readonly Step[];
    }
  | { readonly status: 'failed'; readonly kind: 'missing' | 'server'; readonly message: string };

/** What a member says before it leaves; one that dies cannot. */
export const GOODBYE = 'goodbye';

/** That of a server which runs. */
export type Ready = Extract<Greeting, { status: 'ready' }>;

/** What a keeper prints once, when it knows whether it is needed. */
export type Announcement = 'listening' | 'taken';

export function failure(error: unknown): Greeting {
  return {
    status: 'failed',
    kind: error instanceof EngineMissingError ? 'missing' : 'server',
    message: error instanceof Error ? error.message : String(error),
  };
}

/** The error that a keeper told of, as it was thrown there. */
export function errorOf({ kind, message }: Extract<Greeting, { status: 'failed' }>): LockstepError {
  const explanation = explanationOf(message);
  return kind === 'missing' ? new EngineMissingError(explanation) : new ServerError(explanation);
}

/** A message of ours ends with a line that names its code; the new error adds that line again. */
function explanationOf(message: string): Explanation {
  return { what: message.replace(/\n {2}\(LOCKSTEP_\w+, see [^\n]*\)$/, '') };
}
