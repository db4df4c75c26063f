import { AssertionError, expect } from 'chai';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import '#src/chai/index.js';
import request from '#src/http/supertest/index.js';
import { createClient } from '#src/http/index.js';
import { createSession, sql, type Session } from '#src/session/index.js';
import { parkTimerOf, underHop } from '../bridge/under-hop.js';
import { PlainConnection } from '../../unit/session/connection.js';

const app = express();
app.get('/providers', (_request, response) => {
  response
    .status(201)
    .cookie('sid', 'one')
    .json({ items: [{ id: 1, name: 'Erste' }], total: 1 });
});
app.get('/text', (_request, response) => void response.send('plain'));
app.get('/empty', (_request, response) => void response.status(204).end());
app.get('/login', (_request, response) => void response.redirect('/text'));

/** The message of the failed assertion. */
function failure(assert: () => unknown): string {
  try {
    assert();
  } catch (error) {
    expect(error).to.be.instanceOf(AssertionError);
    return (error as Error).message;
  }
  throw new Error('the assertion held');
}

describe('#src/chai/index.js', () => {
  beforeEach(function () {
    parkTimerOf(this.currentTest);
  });

  describe('for responses', () => {
    const host = createClient({ app: () => app });
    const { client } = host;
    const sources = [
      ['the client', (url: string) => client.get(url, { followRedirects: false })],
      ['supertest', (url: string) => request(app).get(url)],
      ['supertest, awaited', (url: string) => request(app).get(url).expect(/^/).response],
    ] as const;

    after(() => host.stop());

    for (const [name, get] of sources) {
      it(`reads those of ${name}`, () =>
        underHop(() => {
          expect(get('/providers')).to.have.status(201).and.not.status(200);
          expect(get('/providers')).to.have.header('content-type').and.header('Content-Type', /json/);
          expect(get('/providers')).to.have.header('Content-Type', 'application/json; charset=utf-8');
          expect(get('/providers')).not.to.have.header('X-None').and.not.header('Content-Type', /html/);
          expect(get('/providers'))
            .to.have.json()
            .and.json({ items: [{ name: 'Erste' }] });
          expect(get('/providers'))
            .to.have.json({ items: [{ name: /^E/ }] })
            .and.not.json({ total: 2 });
          expect(get('/providers')).to.have.cookie('sid').and.cookie('sid', 'one').and.cookie('sid', /^o/);
          expect(get('/providers')).not.to.have.cookie('other');
          expect(get('/login')).to.redirectTo('/text').and.redirectTo(/text$/);
          expect(get('/text')).not.to.redirectTo('/text');
          expect(get('/text')).not.to.redirectTo(/./);
        }));

      it(`tells what ${name} got`, () =>
        underHop(() => {
          expect(failure(() => expect(get('/providers')).to.have.status(200))).to.match(
            /^expected status 200 OK, got 201 Created\n {2}GET .*\/providers answered 201 Created\n {2}body: \{"items":/,
          );
          expect(
            failure(() => expect(get('/providers')).to.have.json({ items: [{ name: 'X' }], total: 1 })),
          ).to.contain("\n    items[0].name: wanted 'X', got 'Erste'\n");
          expect(failure(() => expect(get('/text')).to.have.json({}))).to.contain(
            'expected a JSON body, got text/html',
          );
          expect(failure(() => expect(get('/text')).to.have.header('X-None'))).to.contain('got none (there are ');
          expect(failure(() => expect(get('/text')).to.have.cookie('sid'))).to.contain('(set are: none)');
          expect(failure(() => expect(get('/login')).to.redirectTo('/me'))).to.contain(
            "expected a redirect to '/me', got '/text'",
          );
          expect(failure(() => expect(get('/text')).not.to.have.status(200))).to.contain('other than 200 OK');
          expect(failure(() => expect(get('/empty')).to.have.status(200))).to.contain('body: (empty body)');
        }));
    }

    it('shows how to send the request again', () =>
      underHop(() => {
        expect(failure(() => expect(client.get('/text')).to.have.status(500))).to.match(/send it again: curl /);
      }));

    it('knows redirects that were followed', () =>
      underHop(() => {
        expect(client.get('/login')).to.have.status(200).and.redirectTo('/text');
        expect(request(app).get('/login').redirects(1)).to.redirectTo('/text');
      }));

    it('reads status and headers of fetch', async () => {
      const server = createServer(app).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/providers`);
      server.close();
      server.closeAllConnections();

      expect(response).to.have.status(201).and.header('content-type', /json/).and.cookie('sid');
    });

    it('refuses by name what is no response', () => {
      for (const wrong of [undefined, null, 200, 'x', {}, Promise.resolve()]) {
        expect(() => expect(wrong).to.have.status(200))
          .to.throw('to.have.status was given')
          .with.property('code', 'LOCKSTEP_REQUEST');
      }
    });
  });

  describe('for the database', () => {
    let session: Session;

    beforeEach(() => {
      session = createSession(new PlainConnection());
      session.exec('create table providers (id integer primary key, name text, country text, active integer)');
      session.insert('providers', [
        { name: 'Erste', country: 'AT', active: 1 },
        { name: 'Raiffeisen', country: 'AT', active: 0 },
        { name: 'Post', country: 'CH', active: 1 },
      ]);
    });

    it('finds rows and counts them', () => {
      expect(session).to.have.row('providers').and.row('providers', { name: 'Erste', country: 'AT' });
      expect(session)
        .to.have.row('providers', { name: ['Erste', 'x'] })
        .and.not.row('providers', { name: 'x' });
      expect(session).to.have.row('providers', sql`name like ${'E%'}`);
      expect(session).to.have.count('providers', 3).and.count('providers', { country: 'AT' }, 2);
      expect(session)
        .to.have.count('providers', sql`country = ${'CH'}`, 1)
        .and.not.count('providers', 2);
    });

    it('shows the nearest rows', () => {
      const message = failure(() => expect(session).to.have.row('providers', { country: 'CH', name: 'Poste' }));

      expect(message).to.equal(
        [
          "expected a row in providers with { country: 'CH', name: 'Poste' }, found none",
          '  Nearest rows (3):',
          "    { id: 3, name: 'Post', country: 'CH', active: 1 }   differs in name",
          "    { id: 1, name: 'Erste', country: 'AT', active: 1 }   differs in country, name",
          "    { id: 2, name: 'Raiffeisen', country: 'AT', active: 0 }   differs in country, name",
        ].join('\n'),
      );
      session.run('delete from providers');
      expect(failure(() => expect(session).to.have.row('providers'))).to.contain('The table is empty.');
      expect(failure(() => expect(session).to.have.count('providers', 1))).to.match(
        /^expected 1 row in providers, found 0/,
      );
    });

    it('refuses by name what makes no sense', () => {
      expect(() => expect({}).to.have.row('providers')).to.throw('expect(session)');
      expect(() => expect(session).to.have.count('providers', { name: 'x' } as never)).to.throw(
        'as the number of rows',
      );
    });
  });
});
