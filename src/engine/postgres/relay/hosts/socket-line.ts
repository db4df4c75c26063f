import type { Socket } from 'node:net';
import type { EndedOwner } from '../../../../sandbox/vocabulary.js';
import type { Line } from '../client/line.js';
import type { Backpressure } from './backpressure.js';

/** What a line brings its bytes to. */
export interface Receiver {
  /** @param owner the scope that is over and whose work wrote this; undefined where nobody can tell */
  receive(chunk: Buffer, owner?: EndedOwner): void;
  disconnected(): void;
}

/**
 * A client that comes by a real socket.
 *
 * @param password what it has to know; undefined where nobody else can come
 */
export function serveSocket(
  stream: Socket,
  password: string | undefined,
  backpressure: Backpressure,
  accept: (line: Line) => Receiver,
): void {
  const relieved = (): void => backpressure.relieved(stream);
  const client = accept({
    password,
    write: (bytes) => {
      if (!stream.destroyed && !stream.write(bytes)) backpressure.full(stream);
    },
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    end: () => stream.end(),
    destroy: () => {
      relieved();
      stream.destroy();
    },
  });

  stream.setNoDelay(true);
  stream.on('data', (chunk) => client.receive(chunk));
  stream.on('drain', relieved);
  stream.on('error', () => undefined);
  stream.on('close', () => {
    relieved();
    client.disconnected();
  });
}
