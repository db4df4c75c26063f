/** What puts an entry back. An unnamed one is gone as well if its successor was tried and failed. */
export function undoing<Value>(map: Map<string, Value>, name: string): (failed?: boolean) => void {
  const before = map.get(name);
  const had = map.has(name);
  return (failed = false) => {
    if (had && !(failed && name === '')) map.set(name, before as Value);
    else map.delete(name);
  };
}
