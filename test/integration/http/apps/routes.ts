/** What every framework's app of these tests answers; see `apps.ts`. */

/** The error that GET /boom leaves unhandled. */
export const boom: Error = new Error('boom');

/** Start-up and shut-down of the apps, as they happen. */
export const events: string[] = [];

export function later(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
