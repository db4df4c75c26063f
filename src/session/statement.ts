import type { Parameters, StatementResult, SyncConnection } from '../engine/engine.js';
import { SessionUsageError } from '../errors.js';
import type { Statement } from './session.js';
import { Query, isTemplate } from './sql.js';
import { checkParameters, show } from './values.js';

/**
 * Runs one statement for the session.
 *
 * @param method The session's method, for messages.
 */
export function runStatement(
  connection: SyncConnection,
  method: string,
  statement: Statement,
  parameters: Parameters | undefined,
): StatementResult {
  if (statement instanceof Query) {
    if (parameters !== undefined) {
      throw new SessionUsageError({
        what: `session.${method} was given parameters (${show(parameters)}) beside a query of the sql tag.`,
        why: 'Such a query carries its own values.',
        remedy: 'Put the values into the template: sql`… ${value} …`.',
      });
    }
    const { text, values } = statement.bind(connection);
    return connection.execute(checkText(method, text), values);
  }

  const text = checkText(method, statement);
  checkParameters(connection, parameters);
  return connection.execute(text, parameters);
}

/** Refuses what is not SQL text. */
export function checkText(method: string, text: unknown): string {
  if (isTemplate(text)) {
    throw new SessionUsageError({
      what: `session.${method} was used as a template tag.`,
      remedy: `Write session.${method}(sql\`…\`), with sql imported from 'lockstep'.`,
    });
  }
  if (typeof text !== 'string' || text.trim() === '') {
    throw new SessionUsageError({
      what: `session.${method} was given ${show(text)} as its SQL.`,
      why: 'It takes SQL as a string that is not empty, or a query of the sql tag.',
    });
  }

  return text;
}
