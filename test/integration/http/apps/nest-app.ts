import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, HttpException, Module, Post, Req, Res } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { boom, events, later } from './routes.js';

/** A decorator applied by hand: the tests are compiled without decorators. */
function decorate(target: { prototype: object }, method: string, ...decorators: MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, method)!;
  for (const each of decorators) each(target.prototype, method, descriptor);
}

class Routes {
  async hello(): Promise<object> {
    await later();
    return { hello: 'world' };
  }

  echo(body: unknown): unknown {
    return body;
  }

  async boom(): Promise<never> {
    await later();
    throw boom;
  }

  teapot(): never {
    throw new HttpException('short and stout', 418);
  }

  busy(): never {
    throw new HttpException('busy', 503);
  }

  address(request: { ip: string }): string {
    return request.ip;
  }

  handled(): never {
    throw Object.assign(new Error('known'), { known: true });
  }

  stream(reply: { raw?: NodeJS.WritableStream } & NodeJS.WritableStream): void {
    const out = reply.raw ?? reply;
    out.write('one\n');
    setImmediate(() => out.end('two\n'));
  }

  onApplicationBootstrap(): void {
    events.push('start');
  }

  onModuleDestroy(): void {
    events.push('stop');
  }
}
decorate(Routes, 'hello', Get('hello'));
decorate(Routes, 'echo', Post('echo'), HttpCode(200));
Body()(Routes.prototype, 'echo', 0);
decorate(Routes, 'boom', Get('boom'));
decorate(Routes, 'teapot', Get('teapot'));
decorate(Routes, 'busy', Get('busy'));
decorate(Routes, 'handled', Get('handled'));
decorate(Routes, 'address', Get('address'));
Req()(Routes.prototype, 'address', 0);
decorate(Routes, 'stream', Get('stream'));
Res()(Routes.prototype, 'stream', 0);
Controller()(Routes);

class Root {}
Module({ controllers: [Routes] })(Root);

/** A filter of the app's own, for errors that carry `known`. */
const filter = {
  catch(error: { known?: boolean }, host: { getArgByIndex(index: number): unknown }): void {
    if (error.known !== true) throw error;
    const reply = host.getArgByIndex(1) as { status(code: number): { send(body: unknown): void } };
    reply.status(500).send({ handled: true });
  },
};

export async function nestOnExpress(): Promise<INestApplication> {
  return NestFactory.create(Root, { logger: false });
}

export async function nestOnFastify(): Promise<INestApplication> {
  return NestFactory.create(Root, new FastifyAdapter(), { logger: false });
}

export { filter };
