import type { MessagePort, Transferable } from 'node:worker_threads';

/**
 * Sends a message. False if the thread at the far end has ended, which a thread that is blocked learns
 * in no other way: events need the event loop, and a thread that is terminated runs nothing more. Behind
 * the port's `close` event it is true again, and `receiveMessageOnPort` may take that event away: the port
 * must be read by its `message` event alone.
 *
 * That Node returns it is not documented (`MessagePort::PostMessage` and `SiblingGroup::Dispatch` in
 * node_messaging.cc); where it returned something else, nobody would be taken for dead by it.
 */
export function deliver(port: MessagePort, message: unknown, transfer: readonly Transferable[] = []): boolean {
  const sender = port as unknown as { postMessage(message: unknown, transfer: readonly Transferable[]): unknown };
  return sender.postMessage(message, transfer) !== false;
}
