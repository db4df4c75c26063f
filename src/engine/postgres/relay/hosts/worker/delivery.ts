import type { MessagePort, Transferable } from 'node:worker_threads';

/** Ports that have told that a message was delivered, so that saying nothing tells something too. */
const telling = new WeakSet<MessagePort>();

/**
 * Sends a message. False if the thread at the far end has ended, which a thread that is blocked learns
 * in no other way: events need the event loop, and a thread that is terminated runs nothing more.
 *
 * Node returns true for a message that was delivered, false when nobody is at the far end any more, and
 * nothing from the moment on at which the port has heard of that and is about to emit `close`. None of
 * it is documented (`MessagePort::PostMessage` and `SiblingGroup::Dispatch` in node_messaging.cc); where
 * nothing was ever returned, nobody would be taken for dead by it. `receiveMessageOnPort` may take the
 * `close` event away: the port must be read by its `message` event alone.
 */
export function deliver(port: MessagePort, message: unknown, transfer: readonly Transferable[] = []): boolean {
  const sender = port as unknown as { postMessage(message: unknown, transfer: readonly Transferable[]): unknown };
  const delivered = sender.postMessage(message, transfer);

  if (delivered === true) telling.add(port);
  return delivered === undefined ? !telling.has(port) : delivered !== false;
}
