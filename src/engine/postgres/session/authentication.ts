import { serialize } from 'pg-protocol';
import type { BackendMessage } from './message-reader.js';

/** What the client has to answer to a message of the startup phase; undefined for nothing. */
export function answerAuthentication(message: BackendMessage, password: string | undefined): Buffer | undefined {
  switch (message.name) {
    case 'authenticationCleartextPassword':
      return serialize.password(password ?? '');
    case 'authenticationMD5Password':
    case 'authenticationSASL':
      // The far end is the relay, which proves itself to the real server with whatever that asks for.
      throw new Error(`the server asks for ${message.name}, which only the relay answers`);
    default:
      return undefined;
  }
}
