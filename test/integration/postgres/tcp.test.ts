import { createConnection } from 'node:net';
import { expect } from 'chai';
import postgres from 'postgres';
import { connected, inTest, useSandbox } from './sandbox.js';

describe('the relay over TCP', () => {
  const current = useSandbox('tcp', 'create table notes (title text)');
  const plain = (): URL => {
    const url = new URL(current().url);
    url.search = '';
    return url;
  };

  it('is reached by the URL, also by drivers that know no socket', async () => {
    const sql = postgres(current().url, { max: 1, onnotice: () => undefined });
    try {
      await inTest(current(), async () => {
        await sql`insert into notes values ('by TCP')`;
        const socket = await connected(current().url);
        expect((await socket.query('select title from notes')).rows).to.deep.equal([{ title: 'by TCP' }]);
        await socket.end();
      });
    } finally {
      await sql.end();
    }
  });

  it('lets in only who knows the password, which is another one each time', async () => {
    const url = plain();
    expect(url.hostname).to.equal('127.0.0.1');
    expect(url.password).to.match(/^[0-9a-f]{32}$/);

    for (const password of ['', 'lockstep', `${url.password}x`]) {
      const wrong = new URL(url);
      wrong.password = password;
      let code: unknown;
      try {
        await connected({ connectionString: wrong.href, ...(password === '' ? { password: ' ' } : {}) });
      } catch (error) {
        ({ code } = error as { code?: string });
      }
      expect(code).to.equal('28P01');
    }
    await inTest(current(), async () => {
      const client = await connected(url.href);
      expect((await client.query('select 1 as one')).rows).to.deep.equal([{ one: 1 }]);
      await client.end();
    });
  });

  it('listens on no other address', async () => {
    const reached = await new Promise((resolve) => {
      const socket = createConnection({ host: '127.0.0.2', port: Number(plain().port) });
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    });
    expect(reached).to.equal(false);
  });
});
