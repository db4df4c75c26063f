/** Sets environment variables; returns what puts the former values back. */
export function setEnvironment(entries: readonly (readonly [name: string, value: string])[]): () => void {
  const before = entries.map(([name]) => [name, process.env[name]] as const);
  for (const [name, value] of entries) process.env[name] = value;

  return () => {
    for (const [name, former] of before) {
      if (former === undefined) delete process.env[name];
      else process.env[name] = former;
    }
  };
}
