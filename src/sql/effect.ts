/**
 * What one statement does to the connection's transaction, or to the data where it does nothing to
 * the transaction.
 *
 * Savepoint names come twice: `name` is folded the way the database compares names, `written` is
 * what the statement said (without quotes), for error messages.
 */
export type Effect =
  | {
      readonly kind: 'begin';
      readonly mode: 'deferred' | 'immediate' | 'exclusive' | undefined;
      readonly readOnly?: boolean;
      /** In lower case, e.g. `repeatable read`. */
      readonly isolation?: string;
      /** What Postgres answers: `START TRANSACTION` has a command tag of its own. */
      readonly tag: 'BEGIN' | 'START TRANSACTION';
    }
  | { readonly kind: 'commit'; readonly chain: boolean }
  | { readonly kind: 'rollback'; readonly chain: boolean }
  | { readonly kind: 'savepoint'; readonly name: string; readonly written: string }
  | { readonly kind: 'release'; readonly name: string; readonly written: string }
  | { readonly kind: 'rollbackTo'; readonly name: string; readonly written: string }
  /** `name` is in lower case and without schema; `value` is without quotes, undefined for a plain read. */
  | { readonly kind: 'pragma'; readonly name: string; readonly value: string | undefined }
  /** The statement would escape the rollback; the three sentences are those of a RefusedStatementError. */
  | { readonly kind: 'refused'; readonly what: string; readonly why: string; readonly remedy: string }
  | { readonly kind: 'read' }
  | { readonly kind: 'write' }
  | { readonly kind: 'ddl' }
  /** Only space, comments and semicolons. */
  | { readonly kind: 'empty' };
