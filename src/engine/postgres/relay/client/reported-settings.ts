import { parameterStatus } from '../../wire/backend.js';
import type { Sink } from '../expectations.js';

/** What the server reports of its settings, and which version of it this is. */
interface Report {
  readonly parameters: ReadonlyMap<string, string>;
  readonly parametersVersion: number;
}

/** The settings that a client was told of: it hears of one again when it has another value. */
export class ReportedSettings {
  readonly #to: Sink;
  readonly #told = new Map<string, string>();
  #version = -1;

  constructor(to: Sink) {
    this.#to = to;
  }

  tell(name: string, value: string): void {
    this.#told.set(name, value);
    this.#to.send(parameterStatus(name, value));
  }

  /** Settings that the server reports, as far as they differ from what the client was told last. */
  update({ parameters, parametersVersion }: Report): void {
    if (this.#version === parametersVersion) return;

    this.#version = parametersVersion;
    for (const [name, value] of parameters) if (this.#told.get(name) !== value) this.tell(name, value);
  }
}
