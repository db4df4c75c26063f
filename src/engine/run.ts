/** The run of tests that this process takes part in, as whoever runs them knows it. */
export interface Run {
  /** The same in all processes of the run, and in no other run that goes on at the time: they share servers. */
  readonly id: string;
  /** Which of several processes this one is; undefined where there is but one. */
  readonly worker: string | undefined;
}

/** A process that is a run by itself. */
export const singleRun: Run = { id: String(process.pid), worker: undefined };
