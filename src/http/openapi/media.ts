/** A content type without its parameters, in lower case. */
export function mediaType(contentType: string): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The key of `content` that says most about a content type: itself, then `text/*`, then any. */
export function mediaKey(contentType: string, keys: readonly string[]): string | undefined {
  const type = mediaType(contentType);
  const wanted = [type, `${type.split('/', 1)[0]}/*`, '*/*'];

  const exact = keys.find(
    (key) => key.toLowerCase().replace(/\s/g, '') === contentType.toLowerCase().replace(/\s/g, ''),
  );
  if (exact !== undefined) return exact;
  for (const each of wanted) {
    const found = keys.find((key) => mediaType(key) === each);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function isJson(contentType: string): boolean {
  const type = mediaType(contentType);
  return type === 'application/json' || type.endsWith('+json');
}
