import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { now } from '../../real-time.js';

/** A request that the app has sent to another service. */
interface Outgoing {
  readonly label: string;
  readonly since: number;
}

/** What undici publishes (docs: Diagnostics Channel Support). */
interface UndiciEvent {
  readonly request: { readonly method?: string; readonly origin?: unknown; readonly path?: string };
}

const open = new Map<object, Outgoing>();
const ours = new WeakSet<object>();
let watching = false;

/** Marks a request as one of the client's own. */
export function markOwn(request: object): void {
  ours.add(request);
  open.delete(request);
}

/**
 * Begins to watch the requests of this process to others: those of `fetch` (undici) and of `node:http`
 * tell of themselves through diagnostics channels. To be called before the app sends any.
 */
export function watchOutgoing(): void {
  if (watching) return;
  watching = true;

  subscribe('undici:request:create', (message) => {
    const { request } = message as UndiciEvent;
    begin(request, `${request.method ?? 'GET'} ${String(request.origin)}${request.path ?? ''}`);
  });
  for (const name of ['undici:request:trailers', 'undici:request:error']) {
    subscribe(name, (message) => void open.delete((message as UndiciEvent).request));
  }
  subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: ClientRequest };
    if (ours.has(request)) return;
    begin(request, `${request.method} ${request.protocol}//${request.host}${request.path}`);
    request.once('close', () => open.delete(request));
  });
}

/** A sentence per request without a complete answer. */
export function outgoingRequests(): string[] {
  return [...open.values()].map(
    ({ label, since }) => `${label} of the app: no answer after ${Math.round(now() - since)} ms`,
  );
}

function begin(request: object, label: string): void {
  open.set(request, { label, since: now() });
}
