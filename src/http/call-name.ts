/** A call as the test wrote it, or nearly so: `client.get("/notes")`. */
export function callName(owner: 'client' | 'client.async', method: string, url: string): string {
  return `${owner}.${String(method).toLowerCase()}(${JSON.stringify(url)})`;
}
