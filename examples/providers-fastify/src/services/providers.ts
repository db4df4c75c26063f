import { db } from '../db.js';
import { ConflictError, isForeignKeyViolation, isUniqueViolation, NotFoundError } from '../errors.js';
import { Provider, type Page, type ProviderFilter, type ProviderInput } from '../models/provider.js';

/** Says in the API's words what the database says in its own. */
function conflict(error: unknown): unknown {
  if (isUniqueViolation(error)) return new ConflictError('A provider of this name exists already.', { cause: error });
  if (isForeignKeyViolation(error)) return new ConflictError('The provider has connections.', { cause: error });

  return error;
}

function missing(id: number): NotFoundError {
  return new NotFoundError(`There is no provider ${id}.`);
}

export async function list(filter: ProviderFilter, page: Page): Promise<{ items: Provider[]; total: number }> {
  return Provider.list(filter, page);
}

/** @throws NotFoundError */
export async function get(id: number): Promise<Provider> {
  const provider = await Provider.find(id);
  if (!provider) throw missing(id);

  return provider;
}

/** @throws ConflictError when the name is taken. */
export async function create(input: ProviderInput): Promise<Provider> {
  try {
    return await db.transaction().execute((trx) => Provider.insert(input, trx));
  } catch (error) {
    throw conflict(error);
  }
}

/**
 * Creates all of them, or none.
 *
 * @throws ConflictError when any name is taken.
 */
export async function createAll(inputs: readonly ProviderInput[]): Promise<Provider[]> {
  try {
    return await db.transaction().execute(async (trx) => {
      const created: Provider[] = [];
      for (const input of inputs) created.push(await Provider.insert(input, trx));

      return created;
    });
  } catch (error) {
    throw conflict(error);
  }
}

/** @throws NotFoundError, ConflictError when the new name is taken. */
export async function update(id: number, changes: Partial<ProviderInput>): Promise<Provider> {
  try {
    const provider = await db.transaction().execute((trx) => Provider.update(id, changes, trx));
    if (!provider) throw missing(id);

    return provider;
  } catch (error) {
    throw conflict(error);
  }
}

/** @throws NotFoundError, ConflictError while it has connections. */
export async function remove(id: number): Promise<void> {
  try {
    if (!(await Provider.delete(id))) throw missing(id);
  } catch (error) {
    throw conflict(error);
  }
}
