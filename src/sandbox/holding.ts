/**
 * What a session puts behind a BEGIN or SAVEPOINT that is to take the turn at once. Without it a transaction
 * takes the turn with the first statement that does something, so what the app writes in between would
 * not be in it. A comment: on a connection of its own the database reads over it.
 */
export const HOLDS_TURN = ' -- holds the turn';
