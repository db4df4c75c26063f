import { db } from '../db.js';
import { ConflictError, isUniqueViolation, NotFoundError } from '../errors.js';
import * as gateway from '../gateway.js';
import { Connection } from '../models/connection.js';
import { Provider } from '../models/provider.js';
import { Token } from '../models/token.js';

/** A connection that waits for its owner, and where the owner has to go. */
export interface Invitation {
  readonly connection: Connection;
  readonly state: string;
  readonly authorizationUrl: string;
}

/** @throws NotFoundError */
export async function get(id: number): Promise<Connection> {
  const connection = await Connection.find(id);
  if (!connection) throw new NotFoundError(`There is no connection ${id}.`);

  return connection;
}

/** @throws NotFoundError, ConflictError when the provider is suspended or the account connected. */
export async function connect(providerId: number, accountRef: string): Promise<Invitation> {
  try {
    return await db.transaction().execute(async (trx) => {
      const provider = await Provider.hold(providerId, trx);
      if (!provider) throw new NotFoundError(`There is no provider ${providerId}.`);
      if (provider.status !== 'active') throw new ConflictError('The provider is suspended.');

      const { connection, state } = await Connection.insert(providerId, accountRef, trx);

      return { connection, state, authorizationUrl: gateway.authorizationUrl(provider.slug, state) };
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw new ConflictError('This account is connected already.', { cause: error });
    throw error;
  }
}

/**
 * The owner has agreed: trades the code for tokens and puts the connection in force.
 *
 * @throws NotFoundError when nobody waits for this state, GatewayError, ConflictError.
 */
export async function complete(state: string, code: string): Promise<Connection> {
  const pending = await Connection.findByState(state);
  if (!pending) throw new NotFoundError('No connection waits for this state.');

  // The provider is asked before the transaction begins: it may be slow, and locks would wait for it.
  const grant = await gateway.exchangeCode(code);

  return db.transaction().execute(async (trx) => {
    const connection = await Connection.move(pending.id, 'pending', 'active', trx);
    if (!connection) throw new ConflictError('The connection was completed meanwhile.');

    await Token.issue(connection.id, 1, grant, trx);

    return connection;
  });
}

/**
 * Rotates the tokens: the old version becomes history.
 *
 * @throws NotFoundError, GatewayError, ConflictError when not active or rotated by somebody else.
 */
export async function refresh(id: number): Promise<Token> {
  const connection = await get(id);
  const token = await connection.token;
  if (connection.status !== 'active' || !token) throw new ConflictError(`The connection is ${connection.status}.`);

  const grant = await gateway.exchangeRefreshToken(token.refreshToken);

  return db.transaction().execute(async (trx) => {
    if (!(await token.retire(trx))) throw new ConflictError('The tokens were rotated meanwhile.');

    return Token.issue(id, token.version + 1, grant, trx);
  });
}

/** @throws NotFoundError, ConflictError when it is not active. */
export async function disconnect(id: number): Promise<Connection> {
  const { status } = await get(id);

  return db.transaction().execute(async (trx) => {
    const connection = await Connection.move(id, 'active', 'disconnected', trx);
    if (!connection) throw new ConflictError(`The connection is ${status}.`);

    const token = await Token.current(id, trx);
    await token?.retire(trx);

    return connection;
  });
}
