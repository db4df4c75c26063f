/** What tells of pending work when a wait fails. */
export interface PendingSource {
  /** A sentence for each: "GET /a, 512 ms, no response yet". */
  sentences(): readonly string[];
  /** What to do, where that is known better than from the failed wait alone. */
  remedy?(): string | undefined;
}

const sources = new Set<PendingSource>();

/** Registers a source; returns what takes it away. */
export function reportPending(source: PendingSource | PendingSource['sentences']): () => void {
  const added = typeof source === 'function' ? { sentences: source } : source;
  sources.add(added);
  return () => sources.delete(added);
}

/** Every registered source's sentences. */
export function pendingWork(): string[] {
  return [...sources].flatMap((source) => source.sentences());
}

/** The first remedy that a source knows. */
export function pendingRemedy(): string | undefined {
  for (const source of sources) {
    const remedy = source.remedy?.();
    if (remedy !== undefined) return remedy;
  }
  return undefined;
}
