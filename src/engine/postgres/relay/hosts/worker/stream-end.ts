import type { RawConnection } from '../../server-module.js';
import type { BackendEnd, BackendEvents } from '../upstream.js';

/** A connection to the server that is read and written by the event loop of its thread. */
export function takeOverStream(connection: RawConnection, { received, ended }: BackendEvents): BackendEnd {
  const { stream } = connection;

  stream.on('data', received);
  stream.on('error', (error) => ended(error.message));
  stream.on('close', () => ended('the server closed the connection'));
  stream.on('end', () => ended('the server closed the connection'));
  stream.resume();
  return {
    parameters: connection.parameters,
    processId: connection.processId,
    write: (bytes) => void stream.write(bytes),
    cancel: (done) => void connection.cancel().then(done, done),
    destroy: () => stream.destroy(),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
  };
}
