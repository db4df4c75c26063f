import type { Row } from '#src/engine/index.js';

/** Where a suite runs: on a real connection, or on one through the sandbox. The app cannot tell. */
export interface Place {
  readonly kind: 'direct' | 'sandbox';
  /** What the app is given as its DATABASE_URL. */
  readonly url: string;
  /** What is written from here on is undone by `end`. */
  begin(title: string, kind?: 'layer' | 'test'): void | Promise<void>;
  end(): void | Promise<void>;
  /** What the test asks beside the app. */
  rows(sql: string, parameters?: readonly unknown[]): Row[] | Promise<Row[]>;
  /** What a stranger sees, who comes by no sandbox: committed rows only. */
  committed(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}
