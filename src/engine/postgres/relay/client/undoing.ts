/** Takes back what was noted of a message; with the server's error if that is why. */
export type Undo = (error?: Buffer) => void;

/**
 * What puts an entry back.
 *
 * @param replaced Whether the server had removed an unnamed one before it failed with that error.
 */
export function undoing<Value>(map: Map<string, Value>, name: string, replaced: (error: Buffer) => boolean): Undo {
  const before = map.get(name);
  const had = map.has(name);
  return (error) => {
    if (had && !(name === '' && error !== undefined && replaced(error))) map.set(name, before as Value);
    else map.delete(name);
  };
}
