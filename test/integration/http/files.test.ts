import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { RequestOptions } from '#src/http/options.js';
import { host, stopAll } from './frameworks.js';

type Busboy = NodeJS.WritableStream & {
  on(event: 'field', listener: (name: string, value: string) => void): Busboy;
  on(
    event: 'file',
    listener: (name: string, stream: Readable, info: { filename: string; mimeType: string }) => void,
  ): Busboy;
};
const busboy = createRequire(createRequire(import.meta.url).resolve('multer'))('busboy') as (options: object) => Busboy;

/** `[name, value]` of a field, `[name, filename, type, content]` of a file. */
type Parts = string[][];

function app(request: IncomingMessage, response: ServerResponse): void {
  const parts: Parts = [];
  const reader = busboy({ headers: request.headers });
  reader.on('field', (name, value) => parts.push([name, value]));
  reader.on('file', (name, stream, { filename, mimeType }) => {
    const part = [name, filename, mimeType, ''];
    parts.push(part);
    stream.on('data', (chunk: Buffer) => (part[3] += chunk.toString('latin1')));
  });
  reader.on('close', () => {
    response.setHeader('content-type', 'application/json');
    response.setHeader('x-length', request.headers['content-length'] ?? 'none');
    response.end(JSON.stringify(parts));
  });
  request.pipe(reader);
}

describe('http files', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-files-'));
    writeFileSync(join(folder, 'pic.PNG'), 'not really');
  });
  after(() => rmSync(folder, { recursive: true }));
  afterEach(stopAll);

  const uploads: [name: string, options: () => RequestOptions, parts: Parts, length: boolean][] = [
    [
      'bytes',
      () => ({ files: { a: Buffer.from([0, 255]) } }),
      [['a', 'file', 'application/octet-stream', '\0ÿ']],
      true,
    ],
    [
      'a Uint8Array',
      () => ({ files: { a: new Uint8Array([65]) } }),
      [['a', 'file', 'application/octet-stream', 'A']],
      true,
    ],
    [
      'text',
      () => ({ files: { a: { content: 'x,y', filename: 'a.csv' } } }),
      [['a', 'a.csv', 'text/csv', 'x,y']],
      true,
    ],
    [
      'a path',
      () => ({ files: { a: { path: join(folder, 'pic.PNG') } } }),
      [['a', 'pic.PNG', 'image/png', 'not really']],
      true,
    ],
    [
      'a path under another name and type',
      () => ({ files: { a: { path: join(folder, 'pic.PNG'), filename: 'b.bin', type: 'x/y' } } }),
      [['a', 'b.bin', 'x/y', 'not really']],
      true,
    ],
    [
      'a stream',
      () => ({ files: { a: { content: Readable.from(['one', 'two']), filename: 'a.txt' } } }),
      [['a', 'a.txt', 'text/plain', 'onetwo']],
      false,
    ],
    ['a Blob', () => ({ files: { a: new Blob(['hi'], { type: 'text/x' }) } }), [['a', 'file', 'text/x', 'hi']], true],
    [
      'several of one name, between fields',
      () => ({ form: { title: 'T', tags: ['a', 'b'] }, files: { f: [Buffer.from('1'), { content: '2' }] } }),
      [
        ['title', 'T'],
        ['tags', 'a'],
        ['tags', 'b'],
        ['f', 'file', 'application/octet-stream', '1'],
        ['f', 'file', 'text/plain', '2'],
      ],
      true,
    ],
    [
      'names with quotes and line breaks',
      () => ({ files: { 'a"b': { content: '', filename: 'c"\r\nd.txt' } } }),
      [['a%22b', 'c%22%0D%0Ad.txt', 'text/plain', '']],
      true,
    ],
  ];
  for (const [name, options, parts, length] of uploads) {
    it(`${name} arrive as the app reads them`, async () => {
      const res = await host(app).client.async.post<Parts>('/', options());
      expect(res.body).to.deep.equal(parts);
      expect(res.headers['x-length'] !== 'none').to.equal(length);
    });
  }

  it('a FormData is sent as a browser does', async () => {
    const form = new FormData();
    form.append('name', 'é\nè');
    form.append('file', new File(['abc'], 'a.txt', { type: 'text/plain' }));
    const res = await host(app).client.async.post<Parts>('/', { form });
    expect(res.body[0]).to.deep.equal(['name', 'é\r\nè']);
    expect(res.body[1]).to.deep.equal(['file', 'a.txt', 'text/plain', 'abc']);
  });

  it('a stream that fails is the error of its call', async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('disk gone'));
      },
    });
    const error = await host(app)
      .client.async.post('/', { files: { a: broken } })
      .catch((cause: unknown) => cause as Error);
    expect((error as Error).message).to.equal('disk gone');
  });
});
