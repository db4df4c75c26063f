/** Puts another value in the place of a property's. Returns what puts the first one back. */
export function replaceProperty<T extends object>(owner: T, name: keyof T & string, replacement: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(owner, name);
  if (original === undefined) return () => undefined;

  Object.defineProperty(owner, name, { ...original, value: replacement });
  return () => {
    // Somebody may have put one of his own on top, which has to stay.
    if (owner[name] === replacement) Object.defineProperty(owner, name, original);
  };
}
