import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { expect } from 'chai';

import { ServerError, UnsafeDatabaseError } from '#src/errors.js';
import { runOn } from '#src/engine/postgres/server/connect-upstream.js';
import { freePort } from '#src/engine/postgres/server/embedded/postmaster.js';
import { connectUpstream, openServer, type Server, type Upstream } from '#src/engine/postgres/server/index.js';

import { rejection } from '../../../unit/config/folder.js';
import { hasOpenssl, makeCertificates } from './certificates.js';
import { askRaw, connectAndAsk } from './queries.js';
import { root, Temporary } from './temporary.js';

const ENCRYPTED = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
const HBA = `
hostssl   all only_tls    127.0.0.1/32 scram-sha-256
host      all only_tls    127.0.0.1/32 reject
hostnossl all only_plain  127.0.0.1/32 scram-sha-256
host      all only_plain  127.0.0.1/32 reject
host      all with_md5    127.0.0.1/32 md5
host      all in_clear    127.0.0.1/32 password
host      all all         127.0.0.1/32 scram-sha-256
`;

describe('a connection to a server', function () {
  this.timeout(60_000);
  let temporary: Temporary;
  let server: Server;
  let url: string;
  let authority = '';

  /** A URL of the server, as a user of the given name. */
  const as = (user: string, query = '', host = '127.0.0.1'): string =>
    `postgres://${user}:secret@${host}:${server.upstream.port}/${server.upstream.database}?${query}`;
  const ask = async (address: string, query = 'select current_user', env = {}): Promise<string> => {
    const { upstream } = await openServer({ url: address, root, env: { HOME: temporary.path, ...env } });
    return await connectAndAsk(upstream, query);
  };

  before(async () => {
    temporary = new Temporary();
    const hba = join(temporary.path, 'pg_hba.conf');
    writeFileSync(hba, HBA, { mode: 0o644 });
    chmodSync(hba, 0o644);
    let settings: Record<string, string> = { hba_file: hba };
    if (hasOpenssl) {
      const { ca, cert, key } = makeCertificates(temporary.path);
      authority = ca;
      settings = { ...settings, ssl: 'on', ssl_cert_file: cert, ssl_key_file: key };
    }

    server = await openServer({ root, embedded: { transport: 'tcp', settings } });
    await runOn(server.upstream, [
      "set password_encryption = 'scram-sha-256'",
      ...['ada', 'only_tls', 'only_plain', 'in_clear'].map((name) => `create role ${name} login password 'secret'`),
      "create role weird login password 'a:b@c/d?e#f%ü'",
      "set password_encryption = 'md5'",
      "create role with_md5 login password 'secret'",
    ]);
    url = as('ada');
  });
  after(async () => {
    await server?.stop();
    temporary.remove();
  });

  it('logs in by SCRAM, md5 and in clear', async () => {
    for (const user of ['ada', 'with_md5', 'in_clear']) expect(await ask(as(user))).to.equal(user);
    const { upstream } = server;
    const password = encodeURIComponent('a:b@c/d?e#f%ü');
    expect(await ask(`postgres://weird:${password}@127.0.0.1:${upstream.port}/${upstream.database}`)).to.equal('weird');
  });

  it('tells what the server reports, and hands over a stream that nobody reads', async () => {
    const raw = await connectUpstream(server.upstream);

    expect(raw.parameters.get('server_version')).to.match(/^\d+/);
    expect(raw.parameters.get('client_encoding')).to.equal('UTF8');
    expect(raw.stream.listenerCount('data')).to.equal(0);
    expect(raw.stream.readableFlowing).to.equal(false);
    expect(await askRaw(raw, 'select pg_backend_pid()')).to.equal(String(raw.processId));
    raw.close();
    raw.close();
  });

  it('is closed at the server too', async () => {
    const [one, two] = await Promise.all([connectUpstream(server.upstream), connectUpstream(server.upstream)]);
    one.close();
    await new Promise((resolve) => one.stream.once('close', resolve));

    const count = `select count(*) from pg_stat_activity where pid = ${one.processId}`;
    for (let tries = 0; tries < 100 && (await askRaw(two, count)) !== '0'; tries += 1);
    expect(await askRaw(two, count)).to.equal('0');
    two.close();
  });

  it('is cancelled', async () => {
    const raw = await connectUpstream(server.upstream);
    const sleeping = rejection(askRaw(raw, 'select pg_sleep(60)'));
    // The server has to have begun, or there is nothing to cancel.
    while (
      (await connectAndAsk(server.upstream, `select state from pg_stat_activity where pid = ${raw.processId}`)) !==
      'active'
    );

    await raw.cancel();
    expect((await sleeping).message).to.equal('57014');
    expect(await askRaw(raw, 'select 1')).to.equal('1');
    raw.close();
  });

  it('has the options and the name that the URL gives', async () => {
    expect(await ask(as('ada', 'options=-c%20geqo%3Doff'), "select current_setting('geqo')")).to.equal('off');
    expect(await ask(as('ada', 'application_name=x%20y'), "select current_setting('application_name')")).to.equal(
      'x y',
    );
  });

  it('takes what the URL leaves out from the environment', async () => {
    const { port, database } = server.upstream;
    const env = {
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: 'ada',
      PGPASSWORD: 'secret',
      PGDATABASE: database,
    };

    expect(await ask('postgres://', 'select current_user', env)).to.equal('ada');
    expect(await ask('postgres://?user=with_md5', 'select current_user', env)).to.equal('with_md5');
    expect(await ask('postgres://', "select current_setting('geqo')", { ...env, PGOPTIONS: '-c geqo=off' })).to.equal(
      'off',
    );
  });

  it('takes nothing from the variables of the process, which may be the sandbox’s', async () => {
    const mine = { PGPASSWORD: 'wrong', PGOPTIONS: '-c geqo=off', PGSSLMODE: 'verify-full', PGUSER: 'nobody' };
    const before = Object.keys(mine).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, mine);
    try {
      expect(await ask(url, "select current_setting('geqo')")).to.equal('on');
      const without = url.replace(':secret', '');
      expect(await rejection(ask(without))).to.match(/asks for a password, and none was given/);
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });

  it('takes the password from .pgpass, unless others may read it', async () => {
    const { port } = server.upstream;
    const file = join(temporary.path, '.pgpass');
    const without = url.replace(':secret', '');
    writeFileSync(file, `# ours\nelsewhere:*:*:*:wrong\n127.0.0.1:${port}:*:ada:secret\n`, { mode: 0o600 });

    expect(await ask(without)).to.equal('ada');
    expect(await ask(without, 'select 1', { HOME: '/nonexistent', PGPASSFILE: file })).to.equal('1');
    chmodSync(file, 0o644);
    expect(await rejection(ask(without))).to.match(/none was given/);
  });

  it('takes a service', async () => {
    const { port, database } = server.upstream;
    const service = `[other]\nuser=x\n[mine]\n# ours\nhost=127.0.0.1\nport=${port}\nuser=ada\npassword=secret\ndbname=${database}\n`;
    writeFileSync(join(temporary.path, '.pg_service.conf'), service);

    expect(await ask('postgres://?service=mine')).to.equal('ada');
    expect(await ask('postgres://', 'select 1', { PGSERVICE: 'mine' })).to.equal('1');
    expect(await rejection(ask('postgres://?service=nix'))).to.match(
      /service "nix" is not defined[^]*\.pg_service\.conf/,
    );
  });

  it('is refused to a database without test in its name', async () => {
    const error = await rejection(openServer({ url: 'postgres://ada@h/shop', root }));
    expect(error).to.be.instanceOf(UnsafeDatabaseError);
    expect(error.message).to.match(
      /database "shop" at h:5432 as user "ada"[^]*does not contain "test"[^]*allowAnyDatabase/,
    );

    const filled = await rejection(openServer({ url: 'postgres://h', root, env: { PGDATABASE: 'shop' } }));
    expect(filled).to.be.instanceOf(UnsafeDatabaseError);
    const allowed = await openServer({ url: 'postgres://ada@h/shop', root, allowAnyDatabase: true, env: {} });
    expect(allowed.upstream.database).to.equal('shop');
    await allowed.stop();
    expect((await openServer({ url: 'postgres://h/Shop_TEST', root })).upstream.database).to.equal('Shop_TEST');
  });

  const failures: [string, () => string, RegExp][] = [
    ['a wrong password', () => url.replace('secret', 'guess'), /refuses the login: .*\(28P01\)/],
    ['an unknown user', () => as('nobody'), /as user "nobody"[^]*28P01/],
    [
      'an unknown database',
      () => url.replace(/\/[^/]*\?/, '/no_test?'),
      /no such database \(3D000\)[^]*createdb no_test/,
    ],
    ['no server', () => 'postgres://127.0.0.1:1/test', /at 127\.0\.0\.1:1 [^]*Nothing listens there \(ECONNREFUSED\)/],
    [
      'no socket',
      () => `postgres://%2Fnonexistent/test`,
      /\/nonexistent\/\.s\.PGSQL\.5432[^]*Nothing listens there \(ENOENT\)/,
    ],
    ['no such host', () => 'postgres://no-such-host.invalid/test', /"no-such-host\.invalid" cannot be resolved/],
    ['a wrong sslmode', () => as('ada', 'sslmode=on'), /sslmode is 'on'[^]*disable, allow, prefer/],
    [
      'a root certificate that is not there',
      () => as('ada', 'sslmode=verify-ca&sslrootcert=/nix'),
      /sslrootcert names \/nix/,
    ],
    ['a wrong PGPORT', () => 'postgres://?port=x', /port of the database is 'x'/],
    ['a wrong timeout', () => 'postgres://?connect_timeout=5s', /connect_timeout is '5s'/],
    ['several hosts', () => 'postgres://?host=a,b', /'a,b'[^]*several hosts/],
  ];
  for (const [name, address, message] of failures) {
    it(`says what is wrong with ${name}, never the password`, async () => {
      const { message: said } = await rejection(ask(address()));
      expect(said).to.match(message);
      expect(said).not.to.match(/secret|guess/);
    });
  }

  it('keeps the error of the other side as its cause', async () => {
    const error = await rejection(ask(url.replace('secret', 'guess')));
    expect(error).to.be.instanceOf(ServerError);
    expect(error.cause).to.have.property('code', '28P01');
  });

  describe('with TLS', () => {
    if (!hasOpenssl) {
      console.log('      no openssl here, so TLS is not tested');
      return;
    }
    const modes: [string, string, string, boolean][] = [
      ['disable', 'ada', '127.0.0.1', false],
      ['allow', 'ada', '127.0.0.1', false],
      ['allow', 'only_tls', '127.0.0.1', true],
      ['prefer', 'ada', '127.0.0.1', true],
      ['prefer', 'only_plain', '127.0.0.1', false],
      ['require', 'ada', '127.0.0.1', true],
      ['no-verify', 'ada', '127.0.0.1', true],
    ];
    for (const [mode, user, host, encrypted] of modes) {
      it(`sslmode=${mode} as ${user} is ${encrypted ? '' : 'not '}encrypted`, async () => {
        expect(await ask(as(user, `sslmode=${mode}`, host), ENCRYPTED)).to.equal(encrypted ? 't' : 'f');
      });
    }

    it('checks who has signed, and the name where it is asked to', async () => {
      const ca = encodeURIComponent(join(temporary.path, 'ca.crt'));
      expect(await ask(as('ada', `sslmode=verify-ca&sslrootcert=${ca}`), ENCRYPTED)).to.equal('t');
      expect(
        await ask(as('ada', `sslmode=verify-full&sslrootcert=${ca}&hostaddr=127.0.0.1`, 'localhost'), ENCRYPTED),
      ).to.equal('t');

      expect(await rejection(ask(as('ada', 'sslmode=verify-ca')))).to.match(
        /not accepted: .*\([A-Z_]+\)[^]*sslrootcert/,
      );
      expect(await rejection(ask(as('ada', `sslmode=verify-full&sslrootcert=${ca}`)))).to.match(
        /ERR_TLS_CERT_ALTNAME_INVALID/,
      );
    });

    it('takes the authority from ~/.postgresql', async () => {
      mkdirSync(join(temporary.path, 'home/.postgresql'), { recursive: true });
      writeFileSync(join(temporary.path, 'home/.postgresql/root.crt'), authority);
      const env = { HOME: join(temporary.path, 'home') };
      expect(await ask(as('ada', 'sslmode=verify-ca'), ENCRYPTED, env)).to.equal('t');
    });

    it('binds SCRAM to the channel when asked to', async () => {
      expect(await ask(as('ada', 'sslmode=require&channel_binding=require'), ENCRYPTED)).to.equal('t');
    });

    it('is cancelled, and closed', async () => {
      const { upstream } = await openServer({ url: as('ada', 'sslmode=require'), root, env: {} });
      const raw = await connectUpstream(upstream);
      const sleeping = rejection(askRaw(raw, 'select pg_sleep(60)'));
      while (
        (await connectAndAsk(server.upstream, `select state from pg_stat_activity where pid = ${raw.processId}`)) !==
        'active'
      );

      await raw.cancel();
      expect((await sleeping).message).to.equal('57014');
      raw.close();
      await new Promise((resolve) => raw.stream.once('close', resolve));
    });
  });
});

/** A server that answers every connection with the given bytes, in pieces of the given size. */
async function fake(answer: Buffer | undefined, size = Infinity): Promise<Upstream & AsyncDisposable> {
  const port = await freePort();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      for (let at = 0; answer && at < answer.length; at += size) socket.write(answer.subarray(at, at + size));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

  return {
    ...{ host: '127.0.0.1', port, user: 'ada', database: 'test', tls: { mode: 'disable' } as const },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

function frame(letter: string, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5, letter);
  head.writeUInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

describe('a connection to a server that is not as usual', function () {
  this.timeout(30_000);
  const greeting = (version: string): Buffer =>
    Buffer.concat([
      frame('R', Buffer.from([0, 0, 0, 0])),
      frame('S', `server_version\0${version}\0`),
      frame('K', Buffer.from([0, 0, 0, 7, 0, 0, 0, 9])),
      frame('Z', 'I'),
    ]);

  for (const size of [1, 2, 3, 7, 50, Infinity]) {
    it(`loses no byte after ReadyForQuery, in pieces of ${size}`, async () => {
      const later = Buffer.concat([
        frame('S', 'TimeZone\0UTC\0'),
        frame('A', '\0\0\0\u0001a\0b\0'),
        Buffer.from('half'),
      ]);
      await using upstream = await fake(Buffer.concat([greeting('17.1'), later]), size);

      const raw = await connectUpstream(upstream);
      let received = Buffer.alloc(0);
      await new Promise<void>((resolve) => {
        raw.stream.on('data', (chunk: Buffer) => {
          received = Buffer.concat([received, chunk]);
          if (received.length >= later.length) resolve();
        });
        raw.stream.resume();
      });

      expect(received.equals(later)).to.equal(true);
      expect([raw.processId, raw.secretKey]).to.deep.equal([7, 9]);
      raw.stream.destroy();
    });
  }

  it('refuses one that is too old', async () => {
    await using upstream = await fake(greeting('12.20'));
    expect(await rejection(connectUpstream(upstream))).to.match(/is of version 12\.20[^]*needs Postgres 13/);
  });

  it('gives up on one that says nothing', async () => {
    await using upstream = await fake(undefined);
    expect(await rejection(connectUpstream(upstream, 200))).to.match(/no answer within 200 ms/);
    expect(await rejection(connectUpstream({ ...upstream, connectTimeout: 100 }))).to.match(/within 100 ms/);
  });

  it('says that it wants TLS of one that has none', async () => {
    await using upstream = await fake(Buffer.from('N'));
    const error = await rejection(connectUpstream({ ...upstream, tls: { mode: 'require' } }));
    expect(error).to.match(/sslmode=require wants TLS, and the server has none/);
  });
});
