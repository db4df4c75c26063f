import pg from 'pg';

import { connectUpstream, type RawConnection, type Upstream } from '#src/engine/postgres/server/index.js';

/** Asks a database for one value through pg itself, not through what is under test. */
export async function ask(upstream: Upstream, query: string): Promise<unknown> {
  const { host, port, user, database, password } = upstream;
  const client = new pg.Client({ host, port, user, database, ...(password !== undefined && { password }) });

  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text: query, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

/** The first column of the first row, or the error's message, over a raw connection. */
export async function askRaw(raw: RawConnection, query: string): Promise<string> {
  const frames: { letter: string; body: Buffer }[] = [];
  let bytes = Buffer.alloc(0);

  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 5 && bytes.length > bytes.readUInt32BE(1)) {
        const end = 1 + bytes.readUInt32BE(1);
        frames.push({ letter: String.fromCharCode(bytes[0] ?? 0), body: bytes.subarray(5, end) });
        bytes = bytes.subarray(end);
      }
      if (frames.at(-1)?.letter !== 'Z') return;
      raw.stream.removeListener('data', read);
      resolve();
    };
    raw.stream
      .on('data', read)
      .once('error', reject)
      .once('close', () => reject(new Error('closed')))
      .resume();

    const text = Buffer.from(`${query}\0`);
    const head = Buffer.alloc(5, 'Q');
    head.writeUInt32BE(text.length + 4, 1);
    raw.stream.write(Buffer.concat([head, text]));
  });

  const row = frames.find(({ letter }) => letter === 'D');
  const error = frames.find(({ letter }) => letter === 'E');
  if (error) throw new Error(/\0C(\w+)/.exec(`\0${error.body.toString()}`)?.[1]);
  return row?.body.subarray(6, 6 + row.body.readInt32BE(2)).toString() ?? '';
}

/** Connects, asks and closes. */
export async function connectAndAsk(upstream: Upstream, query: string): Promise<string> {
  const raw = await connectUpstream(upstream);
  try {
    return await askRaw(raw, query);
  } finally {
    raw.close();
  }
}
