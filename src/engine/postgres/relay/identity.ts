type Settings = ReadonlyMap<string, string>;

/** The settings that say as whom statements run. RESET ALL leaves them alone (GUC_NO_RESET_ALL in guc_tables.c). */
export const IDENTITY: readonly string[] = ['session_authorization', 'role'];

/** What takes them back. */
export const RESET_IDENTITY: readonly string[] = ['RESET SESSION AUTHORIZATION', 'RESET ROLE'];

/** Whether one of them is among the names. */
export function hasIdentity(names: Pick<ReadonlySet<string>, 'has'>): boolean {
  return IDENTITY.some((name) => names.has(name));
}

/**
 * The statements as run by the user of the real connection, for the client whose settings these are: whoever
 * has made a temporary table need not be the role that is in force when the server would end it by itself.
 */
export function asLoginUser(statements: readonly string[], settings: Settings): readonly string[] {
  const back = IDENTITY.map((name) => settings.get(name)).filter((replay) => replay !== undefined);
  return [...RESET_IDENTITY, ...statements, ...back];
}
