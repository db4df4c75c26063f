import { serialize } from 'pg-protocol';
import { Parser } from 'pg-protocol/dist/parser.js';
import type { Row, StatementResult, SyncConnection } from '#src/engine/engine.js';
import type { Pipe, SessionEnd } from '#src/engine/postgres/index.js';

interface Message {
  readonly name: string;
  readonly fields?: readonly { readonly name: string }[] & readonly (string | null)[];
  readonly text?: string;
}

/** The least that a session can be: rows as text, by the built-in pipe. */
export class PlainSession implements SyncConnection {
  readonly #pipe: Pipe;
  readonly #before: (sql: string) => void;
  readonly #parser = new Parser();
  #messages: Message[] = [];
  inTransaction = false;

  constructor({ openPipe, beforeStatement, user, database }: SessionEnd) {
    this.#pipe = openPipe();
    this.#before = beforeStatement;
    this.#pipe.write(serialize.startup({ user, database }));
    this.#finish();
  }

  execute(sql: string, parameters: readonly unknown[] = []): StatementResult {
    this.#before(sql);
    if (parameters.length === 0) this.#pipe.write(serialize.query(sql));
    else {
      const values = parameters.map((value) => (value === null ? null : String(value as string | number)));
      const batch = [
        serialize.parse({ text: sql, name: '', types: [] }),
        serialize.bind({ values }),
        serialize.describe({ type: 'P', name: '' }),
        serialize.execute({}),
        serialize.sync(),
      ];
      this.#pipe.write(Buffer.concat(batch));
    }
    return this.#finish();
  }

  script(sql: string): void {
    this.execute(sql);
  }

  quoteName(name: string): string {
    return `"${name}"`;
  }

  placeholder(index: number): string {
    return `$${index}`;
  }

  close(): void {
    this.#pipe.close();
  }

  #finish(): StatementResult {
    const rows: Row[] = [];
    let names: string[] = [];
    let changes = 0;
    let failed: unknown;

    for (let message = this.#next(); message.name !== 'readyForQuery'; message = this.#next()) {
      if (message.name === 'error') failed ??= message;
      if (message.name === 'rowDescription') names = (message.fields ?? []).map(({ name }) => name);
      if (message.name === 'dataRow')
        rows.push(
          Object.fromEntries(names.map((name, index) => [name, (message.fields as unknown as string[])[index]])),
        );
      if (message.name === 'commandComplete') changes = Number(/\d+$/.exec(message.text ?? '')?.[0] ?? 0);
    }
    if (failed !== undefined) throw failed;
    return { rows, changes };
  }

  #next(): Message {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      this.#parser.parse(Buffer.from(this.#pipe.read(5000)), (parsed) => void this.#messages.push(parsed));
    }
  }
}
