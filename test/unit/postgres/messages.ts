/** One message of the protocol. */
export interface Message {
  readonly type: string;
  readonly body: Buffer;
}

export function message(type: string, body: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

/** What a client sends. */
export const client = {
  startup: (parameters: Readonly<Record<string, string>>): Buffer => {
    const text = Object.entries(parameters).flatMap(([name, value]) => [name, value]);
    const body = Buffer.from(`${text.join('\0')}\0\0`);
    const head = Buffer.alloc(8);
    head.writeInt32BE(body.length + 8, 0);
    head.writeInt32BE(3 << 16, 4);
    return Buffer.concat([head, body]);
  },
  query: (sql: string): Buffer => message('Q', `${sql}\0`),
  parse: (name: string, sql: string): Buffer => message('P', `${name}\0${sql}\0\0\0`),
  bind: (portal: string, statement: string): Buffer => message('B', `${portal}\0${statement}\0\0\0\0\0\0\0`),
  execute: (portal: string): Buffer => message('E', `${portal}\0\0\0\0\0`),
  sync: message('S'),
  flush: message('H'),
};

/** What a server sends. */
export const server = {
  complete: (tag: string): Buffer => message('C', `${tag}\0`),
  row: (...values: readonly string[]): Buffer =>
    message(
      'D',
      Buffer.concat([
        Buffer.from([0, values.length]),
        ...values.map((value) => Buffer.concat([Buffer.from([0, 0, 0, value.length]), Buffer.from(value)])),
      ]),
    ),
  columns: message('T', Buffer.from([0, 0])),
  error: (code: string, text: string): Buffer => message('E', `SERROR\0VERROR\0C${code}\0M${text}\0\0`),
  notice: (text: string): Buffer => message('N', `SNOTICE\0VNOTICE\0C00000\0M${text}\0\0`),
  ready: (status: 'I' | 'T' | 'E'): Buffer => message('Z', status),
  parsed: message('1'),
  bound: message('2'),
  closed: message('3'),
};

/** Bytes as messages; the last has to be complete. */
export function messages(bytes: Buffer): Message[] {
  const all: Message[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + bytes.readInt32BE(at + 1) + 1;
    if (end > bytes.length) throw new Error('The last message is not complete.');
    all.push({ type: bytes.toString('latin1', at, at + 1), body: bytes.subarray(at + 5, end) });
    at = end;
  }
  return all;
}

/** Messages in short: `Q SELECT 1`, `Z T`, `E 42601 what is wrong`. */
export function told(bytes: Buffer): string[] {
  return messages(bytes).map(({ type, body }) => {
    const text = body.toString('latin1');
    if (type === 'E' && text.startsWith('S')) return `E ${/C(\w+)\0M([^\n\0]*)/.exec(text)?.slice(1).join(' ') ?? ''}`;
    if (type === 'D') return 'D';
    return `${type} ${text.split('\0').filter(Boolean).join(' ')}`.trim();
  });
}
