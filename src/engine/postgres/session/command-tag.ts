const CHANGES = /^(?:INSERT \d+|UPDATE|DELETE|MERGE|COPY) (\d+)$/;

/** Rows that a statement inserted, updated or deleted, by the tag that the server answers with. */
export function changesOf(tag: string): number {
  return Number(CHANGES.exec(tag)?.[1] ?? 0);
}
