import { LockstepError } from '../../../errors.js';
import { errorResponse, type Fields, noticeResponse } from '../wire/backend.js';

/** SQLSTATE by which a client learns of an error of Lockstep's. None of class 40: libraries try those again. */
const STATES: Readonly<Record<string, string>> = {
  LOCKSTEP_STALL: '55P03',
  LOCKSTEP_HOLD_TIMEOUT: '55P03',
  LOCKSTEP_STRAGGLER: '57P01',
  LOCKSTEP_SANDBOX_LOST: '57P01',
  LOCKSTEP_REFUSED: '0A000',
  LOCKSTEP_NOT_RUNNING: '57P03',
};

/** An error of the server's kind. */
export function failure(code: string, message: string, more: Fields = {}): Buffer {
  return errorResponse({ S: 'ERROR', V: 'ERROR', C: code, M: message, ...more });
}

/** An error of Lockstep's as a client of Postgres reads it; `R` holds the stable code. */
export function lockstepFailure(error: Error): Buffer {
  const code = error instanceof LockstepError ? error.code : 'LOCKSTEP_SANDBOX_LOST';
  return failure(STATES[code] ?? '57P01', error.message, { R: code });
}

export function warning(code: string, message: string): Buffer {
  return noticeResponse({ S: 'WARNING', V: 'WARNING', C: code, M: message });
}
