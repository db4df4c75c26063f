const sources = new Set<() => readonly string[]>();

/**
 * Registers a source of sentences about pending work ("GET /a, 512 ms, no response yet"), asked when
 * a wait fails. Returns what takes it away.
 */
export function reportPending(source: () => readonly string[]): () => void {
  sources.add(source);
  return () => sources.delete(source);
}

/** Every registered source's sentences. */
export function pendingWork(): string[] {
  return [...sources].flatMap((source) => source());
}
