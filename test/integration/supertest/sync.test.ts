import { expect } from 'chai';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import fastify from 'fastify';
import Koa from 'koa';
import { sync } from '#src/bridge/index.js';
import { errorUnderHop, parkTimerOf, underHop } from '../bridge/under-hop.js';
import { makeApp } from './app.js';
import { COPIES } from './copies.js';

interface Echo {
  method: string;
  headers: Record<string, string>;
  query: Record<string, string>;
  sent: unknown;
}

for (const { version, request } of COPIES) {
  describe(`lockstep/supertest over ${version}`, () => {
    const { app, ports } = makeApp();

    beforeEach(function () {
      parkTimerOf(this.currentTest);
      ports.length = 0;
    });

    describe('sends', () => {
      it('at the first expectation, in memory', async () => {
        await underHop(() => {
          request(app).get('/').expect(200);
          expect(ports).to.deep.equal([80]);
        });
      });

      it('at the first read of the answer, once', async () => {
        await underHop(() => {
          const answer = request(app).get<{ hello: string }>('/');
          expect(ports).to.deep.equal([]);
          expect(answer.status).to.equal(200);
          expect(answer.body.hello).to.equal('world');
          expect(ports).to.have.length(1);
        });
      });

      it('what was set before', async () => {
        await underHop(() => {
          const { body } = request(app)
            .post<Echo>('/echo')
            .set('X-A', 'b')
            .set({ 'x-c': 'd' })
            .query({ q: '1' })
            .auth('user', 'secret')
            .send({ name: 'Erste' })
            .send({ country: 'AT' })
            .expect(200)
            .expect('Content-Type', /json/);

          expect(body).to.deep.include({ method: 'POST', query: { q: '1' }, sent: { name: 'Erste', country: 'AT' } });
          expect(body.headers).to.include({ 'x-a': 'b', 'x-c': 'd', authorization: 'Basic dXNlcjpzZWNyZXQ=' });
        });
      });

      it('every verb', async () => {
        await underHop(() => {
          for (const verb of ['get', 'post', 'put', 'patch', 'delete', 'del', 'options'] as const) {
            const { method } = request(app)[verb]<Echo>('/echo').body;
            expect(method).to.equal(verb === 'del' ? 'DELETE' : verb.toUpperCase());
          }
          expect(request(app).head('/').expect(200).text).to.equal(undefined);
        });
      });

      it('files and fields', async () => {
        await underHop(() => {
          const { body } = request(app).post<Echo>('/echo').field('a', 'b').attach('file', Buffer.from('x'), 'x.txt');
          expect(body.headers['content-type']).to.match(/^multipart\/form-data/);
        });
      });

      it('what follows a redirect', async () => {
        await underHop(() => {
          const answer = request(app).get('/login').redirects(1).expect(200);
          expect(answer.redirects).to.deep.equal(['http://127.0.0.1/me']);
        });
      });
    });

    describe('reads', () => {
      it('each property of the answer', async () => {
        await underHop(() => {
          const answer = request(app).get('/missing').expect(404);

          expect(answer.statusCode).to.equal(404);
          expect(answer.statusType).to.equal(4);
          expect(answer.ok).to.equal(false);
          expect(answer.type).to.equal('application/json');
          expect(answer.charset).to.equal('utf-8');
          expect(answer.text).to.equal('{"error":"no such provider"}');
          expect(answer.headers['content-type']).to.equal('application/json; charset=utf-8');
          expect(answer.header).to.equal(answer.headers);
          expect(answer.get('Content-Type')).to.equal('application/json; charset=utf-8');
          expect(answer.notFound).to.equal(true);
          expect(answer.clientError).to.equal(true);
          expect(answer.serverError).to.equal(false);
          expect(answer.error).to.be.an('error');
          expect(answer.response.status).to.equal(404);
          expect(answer.response).to.equal(answer.response.request.response);
        });
      });

      it('a header first', async () => {
        await underHop(() => {
          expect(request(app).get('/login').header['location']).to.equal('/me');
          expect(request(app).get('/login').get('Location')).to.equal('/me');
          expect(request(app).get('/login').get('Set-Cookie')).to.deep.equal(['sid=one; Path=/']);
        });
      });
    });

    describe('throws', () => {
      it('a failed expectation on its own line, with the answer', async () => {
        const error = await errorUnderHop(() => {
          const answer = request(app).get('/missing').expect('Content-Type', /json/);
          answer.expect(200);
        });

        expect(error.message).to.equal('expected 200 "OK", got 404 "Not Found"');
        const [, answer, frame] = (error.stack ?? '').split('\n');
        expect(answer).to.equal('    GET /missing answered 404 Not Found: {"error":"no such provider"}');
        expect(frame).to.contain('sync.test');
        expect(error.stack).not.to.match(/\.build\/src\/http\/supertest/);
      });

      for (const [name, wanted, message] of [
        ['a list of statuses', [200, 201], 'expected one of "200, 201", got 404 "Not Found"'],
        ['a body', { error: 'x' }, /expected \{ error: 'x' \} response body/],
        ['a text', 'x', /expected 'x' response body/],
        ['a pattern', /^x/, /to match/],
      ] as const) {
        it(name, async () => {
          const error = await errorUnderHop(() => request(app).get('/missing').expect(wanted));
          if (typeof message === 'string') expect(error.message).to.equal(message);
          else expect(error.message).to.match(message);
        });
      }

      it('what a function throws, and what its promise rejects with', async () => {
        const own = new Error('own');
        expect(await errorUnderHop(() => request(app).get('/').expect(() => { throw own; }))).to.equal(own); // prettier-ignore
        const late = await errorUnderHop(() =>
          request(app)
            .get('/')
            .expect(async () => {
              await new Promise((resolve) => setTimeout(resolve, 5));
              throw own;
            }),
        );
        expect(late).to.equal(own);
      });

      it('the error of the app instead of the status that it became', async () => {
        const error = await errorUnderHop(() => request(app).get('/boom').expect(200));

        expect(error.message).to.equal('the app failed');
        expect(error.stack).to.match(/supertest\/app\.[\s\S]*supertest\/sync\.test/);
      });

      it('the error of the app where the answer is read', async () => {
        expect((await errorUnderHop(() => request(app).get('/boom').body as unknown)).message).to.equal(
          'the app failed',
        );
      });

      it('not the error of the app where it is expected', async () => {
        await underHop(() => {
          expect(request(app).get('/boom').expect(500).text).to.contain('the app failed');
          request(app).get('/boom').expect([500, 503]).expect('Content-Type', /html/);
          request(app).get('/boom').expect('Content-Type', /html/).expect(500);
          expect(request(app, { raiseServerErrors: false }).get('/boom').status).to.equal(500);
          expect(request(app).get('/handled').status).to.equal(500);
        });
      });

      it('the connection that the app cut', async () => {
        const error = await errorUnderHop(() => request(app).get('/cut').expect(200));
        expect(error.message).to.equal('socket hang up');
      });

      it('a change after it was sent', async () => {
        for (const [method, ...args] of [
          ['set', 'a', 'b'],
          ['send', {}],
          ['query', {}],
          ['attach', 'a', 'b'],
        ] as const) {
          const error = await errorUnderHop(() => {
            const answer = request(app).get('/').expect(200) as unknown as Record<string, (...args: unknown[]) => void>;
            answer[method]?.(...args);
          });
          expect(error.code).to.equal('LOCKSTEP_REQUEST');
          expect(error.message).to.contain(`.${method}() was called on GET /, which is sent already`);
        }
      });

      it('a wait that nothing ends, by the name of the request', async () => {
        const error = await errorUnderHop(() => request(app).get('/silent').expect(200), 300);

        // Under a runner that knows what was open before it is a deadlock, told at once.
        expect(error.code).to.be.oneOf(['LOCKSTEP_DEADLOCK', 'LOCKSTEP_SYNC_TIMEOUT']);
        expect(error.message).to.contain('GET /silent (supertest): no complete answer');
      });

      it("superagent's own timeout", async () => {
        const error = await errorUnderHop(() => request(app).get('/slow').timeout(3).status);
        expect(error.message).to.match(/Timeout of 3ms exceeded/);
      });

      it('what is no app and what is no path', async () => {
        expect((await errorUnderHop(() => request(undefined as never))).message).to.contain('undefined as its app');
        expect((await errorUnderHop(() => request(app).get('providers'))).message).to.contain(".get('/providers')");
      });

      it('what keeps the app from starting', async () => {
        const app = fastify();
        app.register(() => Promise.reject(new Error('no database')));
        const error = await errorUnderHop(() => request(app).get('/').expect(200));

        expect(error.code).to.equal('LOCKSTEP_APP');
        expect(error.message).to.contain('no database');
      });
    });

    describe('speaks to', () => {
      it('a Fastify app', async () => {
        const app = fastify();
        app.get('/', () => ({ by: 'fastify' }));
        await underHop(() => request(app).get('/').expect(200, { by: 'fastify' }));
      });

      it('a Koa app', async () => {
        const app = new Koa();
        app.use((context) => (context.body = 'koa'));
        await underHop(() => {
          request(app).get('/').expect('koa');
          request(app.callback()).get('/').expect('koa');
        });
      });

      it('a listener and a server, listening or not', async () => {
        const listener = (_: unknown, response: { end(text: string): void }): void => response.end('listener');
        const server = createServer(listener);
        const listening = createServer(listener).listen(0, '127.0.0.1');
        await once(listening, 'listening');

        await underHop(() => {
          request(listener).get('/').expect('listener');
          request(server).get('/').expect('listener');
          request(listening).get('/').expect('listener');
        });
        expect(server.listening).to.equal(false);
        listening.close();
        await once(listening, 'close');
      });

      it('a URL, over TCP', async () => {
        const server = createServer(app).listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;

        await underHop(() => request(`http://127.0.0.1:${port}`).get('/').expect(200, { hello: 'world' }));
        expect(ports).to.deep.equal([port]);
        server.close();
        server.closeAllConnections();
      });

      it('a URL where nobody listens', async () => {
        const server = createServer(app).listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        server.close();
        await once(server, 'close');

        const error = await errorUnderHop(() => request(`http://127.0.0.1:${port}`).get('/').expect(200));
        expect(error.message).to.contain('ECONNREFUSED');
      });

      it('HTTP/2, over TCP', async () => {
        await underHop(() => {
          // supertest makes the server that fits the option.
          const http2 = request((_: unknown, response: { end(text: string): void }) => response.end('two'), {
            http2: true,
          });
          http2.get('/').expect('two');
        });
      });
    });

    describe('an agent', () => {
      it('keeps cookies and settings', async () => {
        await underHop(() => {
          const agent = request.agent(app).set('x-user', 'one');
          agent
            .get('/login')
            .expect(302)
            .expect('set-cookie', /sid=one/);
          expect(agent.get('/me').body).to.deep.equal({ cookie: 'sid=one' });
          expect(agent.get<Echo>('/echo').body.headers['x-user']).to.equal('one');
          expect(new request.agent(app).get('/me').body).to.deep.equal({ cookie: null });
          expect(request.agent(app).host('a.test').get<Echo>('/echo').body.headers['host']).to.equal('a.test');
        });
      });
    });

    describe('stays what supertest is', () => {
      it('after an await', async () => {
        const answer = await request(app).get('/').expect(200).expect('Content-Type', /json/);
        expect(answer.body).to.deep.equal({ hello: 'world' });

        const failed = await request(app).get('/missing').expect(200).then(() => undefined, (error: unknown) => error); // prettier-ignore
        expect(failed).to.be.an('error').with.property('message', 'expected 200 "OK", got 404 "Not Found"');
        expect((await request(app).get('/boom')).status).to.equal(500);
        await request(app).get('/boom').expect(500);
      });

      it('after an await, with the error of the app as the cause', async () => {
        const failed = (await request(app).get('/boom').expect(200).catch((error: unknown) => error)) as Error; // prettier-ignore

        expect(failed.message).to.equal('expected 200 "OK", got 500 "Internal Server Error"');
        expect(failed.cause).to.have.property('message', 'the app failed');
      });

      it('after an await, and looks at what an async function rejects with', async () => {
        const own = new Error('own');
        const failed: unknown = await request(app).get('/').expect(() => Promise.reject(own)).catch((error: unknown) => error); // prettier-ignore
        expect(failed).to.equal(own);
      });

      it('when it is awaited after it was sent', async () => {
        const sent = await underHop(() => ({ answer: request(app).get('/').expect(200) }));

        expect((await sent.answer).body).to.deep.equal({ hello: 'world' });
        expect(sent.answer.status).to.equal(200);
        expect(() => sent.answer.expect(404)).to.throw('expected 404');
        expect(ports).to.have.length(1);
      });

      it('with callbacks', async () => {
        const calls: string[] = [];
        const done = new Promise<void>((resolve) => {
          void underHop(() => {
            const test = request(app)
              .get('/')
              .end(function (this: unknown, error, response) {
                expect(this).to.equal(test);
                calls.push(`end ${String(error)} ${response.status}`);
                request(app).get('/missing').expect(404, (error: unknown) => { calls.push(`nested ${String(error)}`); resolve(); }); // prettier-ignore
              });
            calls.push('returned');
          });
        });

        await done;
        expect(calls).to.deep.equal(['returned', 'end null 200', 'nested null']);
      });

      it('with a callback after an expectation', async () => {
        const error = await new Promise<Error>((resolve) => {
          void underHop(() => request(app).get('/').expect(200).expect('Content-Type', /html/, resolve));
        });
        expect(error.message).to.contain('expected "Content-Type" matching /html/');
      });

      it('inside sync and Promise.all', async () => {
        await underHop(() => {
          expect(sync(request(app).get('/')).status).to.equal(200);
          expect(
            sync.all([request(app).get('/slow'), request(app).get('/')]).map(({ status }) => status),
          ).to.deep.equal([200, 200]);
        });
        expect(await Promise.all([request(app).get('/'), request(app).get('/slow')])).to.have.length(2);
      });

      it('with streams', async () => {
        const stream = new PassThrough();
        let text = '';
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        request(app).get('/file').pipe(stream);
        await once(stream, 'end');
        expect(text).to.contain('An Express app with one route');
      });

      it('when it is aborted', async () => {
        const test = request(app).get('/slow');
        const failed = test.catch((error: unknown) => error);
        test.abort();
        expect(await failed).to.have.property('code', 'ABORTED');
      });

      it('where no wait may begin, and says so instead of undefined', () => {
        expect(() => request(app).get('/').status)
          .to.throw()
          .with.property('code', 'LOCKSTEP_WAIT_PLACE');
      });
    });
  });
}
