import { expect } from 'chai';
import { Turn } from '#src/engine/postgres/shared.js';
import { client } from './messages.js';
import { type Actor, Scene } from './scene.js';

const READ = client.query('select 1');
const INSERT = client.query('insert into items values (1)');
const SAVED = ['B lockstep_guard_release', 'E', 'B lockstep_guard_set', 'E'];
const UNDONE = ['B lockstep_guard_rollBack', 'E'];

describe('the hub', () => {
  let scene: Scene;
  let app: Actor;

  beforeEach(() => {
    scene = new Scene();
    app = scene.enter();
    scene.begin();
    app.send(READ);
    app.told();
    scene.sent();
  });

  it('begins the transaction, sets the guard and learns of the schema with the first statement, in one packet', () => {
    const fresh = new Scene();
    const first = fresh.enter();
    fresh.begin();
    expect(fresh.sent()).to.deep.equal([]);
    first.send(READ);
    const packets = fresh.sent();
    expect(packets).to.have.lengthOf(1);
    expect(packets[0]?.map((message) => message.slice(0, 40))).to.deep.equal([
      'Q BEGIN READ WRITE;SAVEPOINT lockstep_gu',
      'P lockstep_guard_set SAVEPOINT lockstep_',
      'P lockstep_guard_release RELEASE SAVEPOI',
      'P lockstep_guard_rollBack ROLLBACK TO SA',
      'P lockstep_guard_restrict SET TRANSACTIO',
      'P lockstep_guard_timeStands SELECT FROM ',
      'P lockstep_guard_timeMoves SELECT FROM p',
      "Q (SELECT 'deferred',NULL FROM pg_catalo",
      'Q select 1',
    ]);
    expect(first.told()).to.deep.equal(['T', 'C select', 'Z I']);
  });

  it('sends nothing but itself for a read, after a read', () => {
    app.send(READ);
    app.send(READ);
    expect(scene.sent()).to.deep.equal([['Q select 1'], ['Q select 1']]);
  });

  it('moves the guard on behind a write, together with the next statement', () => {
    app.send(INSERT);
    expect(scene.sent()).to.deep.equal([['Q insert into items values (1)']]);
    app.send(READ);
    expect(scene.sent()).to.deep.equal([[...SAVED, 'Q select 1']]);
    app.send(READ);
    expect(scene.sent()).to.deep.equal([['Q select 1']]);
  });

  it('takes back only what has failed', () => {
    app.send(client.query('select fail'));
    expect(app.told()).to.deep.equal(['E 42601 it failed', 'Z I']);
    scene.sent();
    app.send(INSERT);
    expect(scene.sent()).to.deep.equal([[...UNDONE, 'Q insert into items values (1)']]);
  });

  it('asks the server nothing for BEGIN and COMMIT', () => {
    for (const sql of ['begin', 'insert into items values (1)', 'commit']) app.send(client.query(sql));
    expect(app.told()).to.deep.equal(['C BEGIN', 'Z T', 'C insert', 'Z T', 'C COMMIT', 'Z I']);
    expect(scene.sent()).to.deep.equal([['Q insert into items values (1)']]);
  });

  it('forwards a batch in one packet', () => {
    app.send(client.parse('', 'select 1'), client.bind('', ''), client.execute(''), client.sync);
    expect(scene.sent()).to.deep.equal([['P select 1', 'B', 'E', 'S']]);
    expect(app.told()).to.deep.equal(['1', '2', 'C SELECT 0', 'Z I']);
  });

  it('keeps the names of prepared statements apart', () => {
    const other = scene.enter();
    for (const actor of [app, other])
      actor.send(client.parse('one', 'select 1'), client.bind('', 'one'), client.execute(''), client.sync);
    const names = scene.sent().map(([parse]) => parse?.split(' ')[1]);
    expect(new Set(names).size).to.equal(2);
    expect(names.every((name) => name?.endsWith('_one'))).to.equal(true);
  });

  it('prepares the unnamed statement again that another client has replaced, and no other', () => {
    const other = scene.enter();
    const [prepare, run] = [
      client.parse('', 'select 1'),
      Buffer.concat([client.bind('', ''), client.execute(''), client.sync]),
    ];
    app.send(prepare, client.sync);
    app.send(run);
    other.send(prepare, client.sync);
    scene.sent();
    app.send(run);
    expect(scene.sent()).to.deep.equal([['P select 1', 'B', 'E', 'S']]);
    app.send(run);
    expect(scene.sent()).to.deep.equal([['B', 'E', 'S']]);
  });

  it('gives one turn after the other', () => {
    const other = scene.enter();
    for (const sql of ['begin', 'insert into items values (1)']) app.send(client.query(sql));
    other.send(READ);
    expect(other.told()).to.deep.equal([]);
    expect([scene.word('turn'), scene.word('waiting'), scene.word('busy')]).to.deep.equal([Turn.app, 1, 2]);

    app.send(client.query('commit'));
    expect(other.told()).to.deep.equal(['T', 'C select', 'Z I']);
    expect([scene.word('turn'), scene.word('waiting'), scene.word('busy')]).to.deep.equal([Turn.free, 0, 0]);
  });

  it('brings settings back only when somebody else had others', () => {
    const other = scene.enter('lockstep', { TimeZone: 'Asia/Tokyo' });
    other.send(READ);
    expect(scene.sent().flat().join(' ')).to.contain('Asia/Tokyo');
    other.send(READ);
    expect(scene.sent()).to.deep.equal([['Q select 1']]);
    app.send(READ);
    expect(scene.sent().flat().join(' ')).to.contain('RESET "timezone"');
  });

  it('brings them back in one packet with the statement, once the server has taken them', () => {
    const other = scene.enter('lockstep', { TimeZone: 'Asia/Tokyo' });
    for (const actor of [other, app, other]) actor.send(READ);
    scene.sent();
    app.send(READ);
    expect(scene.sent()).to.deep.equal([
      ['Q RELEASE SAVEPOINT lockstep_guard;RESET "timezone"', 'B lockstep_guard_set', 'E', 'Q select 1'],
    ]);
  });

  it('waits for the server where it may refuse them: a role that it has not taken, or that may have been changed since', () => {
    const clerk = scene.enter('lockstep', { role: 'clerk' });
    const turns = (): string[][] => {
      for (const actor of [clerk, app]) for (const message of [READ, READ, INSERT]) actor.send(message);
      scene.sent();
      clerk.send(READ);
      const packets = scene.sent();
      app.send(READ);
      return packets;
    };
    clerk.send(READ);
    const [first, ...then] = scene.sent();
    expect(first?.[0]).to.match(/SAVEPOINT lockstep_settings;.*'role','clerk'/);
    expect(then.at(-1)?.at(-1)).to.equal('Q select 1');

    expect(turns()).to.have.lengthOf(1);
    app.send(client.query('drop role clerk'));
    scene.sent();
    clerk.send(READ);
    expect(scene.sent()[0]?.[0]).to.match(/SAVEPOINT lockstep_settings;.*'role','clerk'/);
  });

  it('lets the session have the settings of the app that change nothing of what it is told', () => {
    const named = scene.enter('lockstep', { application_name: 'the shop' });
    const session = scene.enter('the session', { client_min_messages: 'error' });
    named.send(READ);
    scene.sent();
    for (const actor of [session, named, session]) actor.send(READ);
    expect(scene.sent()).to.deep.equal([['Q select 1'], ['Q select 1'], ['Q select 1']]);
    app.send(READ);
    session.send(READ);
    expect(
      scene
        .sent()
        .flat()
        .join(' ')
        .match(/application_name/g),
    ).to.have.lengthOf(1);
  });

  it('knows what is in force behind a transaction of the session, which began before the app’s turn', () => {
    const named = scene.enter('lockstep', { application_name: 'the shop' });
    const session = scene.enter('the session');
    session.send(client.query('begin'));
    named.send(READ);
    scene.sent();
    for (const sql of ['insert into items values (1)', 'commit']) session.send(client.query(sql));
    app.send(READ);
    expect(
      scene
        .sent()
        .flat()
        .join(' ')
        .match(/RESET "application_name"/g),
    ).to.have.lengthOf(1);
  });

  it('keeps what the session has set itself', () => {
    const named = scene.enter('lockstep', { application_name: 'the shop' });
    const session = scene.enter('the session');
    session.send(client.query("set application_name = 'the test'"));
    named.send(READ);
    scene.sent();
    session.send(READ);
    expect(scene.sent().flat().join(' ')).to.contain("set application_name = 'the test'");
  });

  it('does not wait for the server at the end of a scope', () => {
    scene.prompt = false;
    expect(scene.end()).to.equal(undefined);
    expect(scene.sent()).to.deep.equal([['Q ROLLBACK']]);
  });

  it('waits where locks have to be free', () => {
    app.send(client.query('select pg_advisory_lock(1)'));
    scene.sent();
    scene.prompt = false;
    expect(scene.end()).to.equal('pending');
    expect(scene.sent()).to.deep.equal([['Q ROLLBACK;SELECT pg_catalog.pg_advisory_unlock_all()']]);
    // By which the main thread knows that it has to wait.
    expect(scene.word('outward')).to.equal(1);
    scene.answer();
    expect(scene.word('outward')).to.equal(0);
  });

  it('gives the turn back of a statement that needs no server, while the last scope’s end is not answered', () => {
    scene.prompt = false;
    scene.end();
    scene.begin('the next');
    app.send(client.query('listen shop'));
    expect(app.told()).to.deep.equal(['C LISTEN', 'Z I']);
    scene.prompt = true;
    scene.answer();
    scene.settle();
    expect(scene.word('turn')).to.equal(Turn.free);

    const other = scene.enter();
    other.send(READ);
    expect(other.told().at(-1)).to.equal('Z I');
  });

  it('refuses what comes between two scopes, and cuts a transaction that is left open', () => {
    app.send(client.query('begin'));
    scene.end();
    app.told();
    app.send(READ);
    expect(app.told()[0]).to.match(/^E 57P01 .*had ended/);
    scene.begin('the next');
    app.send(client.query('commit'));
    expect(app.told()[0]).to.match(/^E 57P01/);
    app.send(READ);
    expect(app.told()).to.deep.equal(['T', 'C select', 'Z I']);
  });

  it('lets others run beside a transaction that has done nothing yet', () => {
    const other = scene.enter();
    app.send(client.query('begin'));
    other.send(READ);
    expect(other.told().at(-1)).to.equal('Z I');
  });

  it('fails who waits for an idle transaction', () => {
    const other = scene.enter();
    for (const sql of ['begin', 'insert into items values (1)']) app.send(client.query(sql));
    other.send(READ);
    scene.pass(150);
    expect(other.told()).to.satisfy(([error]: string[]) => /^E 55P03 .*cannot run "select 1"/.test(error ?? ''));
  });

  it('hands the turn of a client that has gone on, without its transaction', () => {
    const other = scene.enter();
    for (const sql of ['begin', 'insert into items values (1)']) app.send(client.query(sql));
    scene.sent();
    app.leave();
    other.send(READ);
    expect(scene.sent()).to.deep.equal([[...UNDONE, 'Q select 1']]);
    expect(scene.word('busy')).to.equal(0);
  });

  it('fails the scope and connects anew when the server says what nobody asked for', () => {
    scene.say(Buffer.from([0x31, 0, 0, 0, 4]));
    expect(String(scene.end())).to.match(/out of step: an answer of type 49 to nothing/);
    scene.begin('the next');
    app.send(READ);
    expect(app.told()).to.deep.equal(['T', 'C select', 'Z I']);
  });

  it('fails the scope when the outer transaction has ended', () => {
    app.send(client.query('select escape()'));
    expect(app.told().at(-2)).to.match(/^E 57P01 /);
    expect(String(scene.end())).to.match(/SandboxLostError/);
    scene.begin('the next');
    app.send(READ);
    expect(scene.sent().at(-1)?.[0]).to.match(/^Q BEGIN READ WRITE;/);
  });

  it('lets nothing in between two tests behind a COMMIT or ROLLBACK that ends nothing', () => {
    const scene = new Scene();
    const [late, next] = [scene.enter(), scene.enter()];
    scene.begin();
    next.send(READ);
    scene.end();
    scene.sent();
    next.told();

    for (const sql of ['commit', 'rollback']) {
      late.send(client.parse('', sql), client.bind('', ''), client.execute(''), client.sync);
      expect(late.told().at(-1), sql).to.equal('Z I');
      for (const behind of [
        [client.parse('', 'delete from items'), client.bind('', ''), client.execute('')],
        [client.parse('', 'commit'), client.parse('', 'delete from items')],
        [READ],
      ]) {
        late.send(client.parse('', sql), ...behind, client.sync);
        const told = late.told();
        expect(told.filter((message) => message.startsWith('E 57P01'))).to.have.lengthOf(1);
        expect(told.at(-1)).to.equal('Z I');
      }
    }
    expect(scene.sent()).to.deep.equal([]);
    scene.begin();
    next.send(READ);
    expect(next.told()).to.deep.equal(['T', 'C select', 'Z I']);
  });
});
