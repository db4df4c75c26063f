import { expect } from 'chai';
import sinon from 'sinon';
import request from '#src/http/supertest/index.js';
import { parkTimerOf, underHop } from '../bridge/under-hop.js';
import { makeApp } from './app.js';

describe('#src/http/supertest/index.js', () => {
  const { app } = makeApp();

  beforeEach(function () {
    parkTimerOf(this.currentTest);
  });

  it('works while a network blocker is active', async () => {
    // Importing it is enough to replace node:http for every suite of the process.
    const { default: nock } = await import('nock');
    nock.disableNetConnect();
    try {
      await underHop(() => request(app).get('/').expect(200, { hello: 'world' }));
    } finally {
      nock.enableNetConnect();
      nock.restore();
    }
  });

  it('works while timers are faked', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['Date', 'setTimeout', 'setInterval', 'setImmediate', 'performance'] });
    try {
      await underHop(() => request(app).get('/').expect(200, { hello: 'world' }));
    } finally {
      clock.restore();
    }
  });

  it('opens no port', async () => {
    const { readFileSync, existsSync } = await import('node:fs');
    const sockets = (): string => (existsSync('/proc/net/tcp') ? readFileSync('/proc/net/tcp', 'utf8') : '');
    const ours = (text: string): number => text.split('\n').length;

    await underHop(() => {
      request(app).get('/').expect(200);
      const before = ours(sockets());
      for (let i = 0; i < 500; i++) request(app).get('/').expect(200);
      // Other processes of the machine open some as well; 500 requests over TCP would leave 500.
      expect(ours(sockets()) - before).to.be.below(100);
    }, 20_000);
  });
});
