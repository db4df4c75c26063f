/** One server-sent event. */
export interface ServerSentEvent {
  /** Default `message`. */
  readonly event: string;
  /** The `data` lines, joined by line feeds. */
  readonly data: string;
  /** The last id that was sent, with this event or before it; empty for none. */
  readonly id: string;
  /** Milliseconds that the app asked clients to wait before they connect again, if this event does. */
  readonly retry: number | undefined;
}

/** Makes events of lines (HTML standard, "Interpreting an event stream"). */
export class EventParser {
  #event = '';
  #data: string[] = [];
  #id = '';
  #retry: number | undefined;

  /** The event that this line completes; undefined for every other line. */
  push(line: string): ServerSentEvent | undefined {
    if (line === '') return this.#dispatch();

    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    // A line that begins with a colon is a comment, often sent to keep the connection open.
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.#retry = Number(value);
    return undefined;
  }

  #dispatch(): ServerSentEvent | undefined {
    const event = this.#event;
    const data = this.#data;
    const retry = this.#retry;
    this.#event = '';
    this.#data = [];
    this.#retry = undefined;
    if (data.length === 0) return undefined;
    return { event: event === '' ? 'message' : event, data: data.join('\n'), id: this.#id, retry };
  }
}
