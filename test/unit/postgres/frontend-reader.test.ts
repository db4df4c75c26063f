import { expect } from 'chai';
import fc from 'fast-check';
import { FrontendReader } from '#src/engine/postgres/wire/frontend-reader.js';
import { MalformedMessage } from '#src/engine/postgres/wire/malformed.js';
import { client } from './messages.js';

const STARTUP = client.startup({ user: 'app', database: 'shop' });
const REST = Buffer.concat([
  client.query('select 1'),
  client.parse('one', 'select $1'),
  client.bind('', 'one'),
  client.execute(''),
  client.sync,
  client.query('x'.repeat(5000)),
]);

describe('a client’s bytes', () => {
  it('are the same messages however they are cut', () => {
    const whole = read([STARTUP, REST]);
    expect(whole.map(({ type }) => type)).to.deep.equal(['\0', 'Q', 'P', 'B', 'E', 'S', 'Q']);

    for (const size of [1, 2, 3, 4, 5, 7, 64, 4096])
      expect(read(cut(Buffer.concat([STARTUP, REST]), [size]))).to.deep.equal(whole);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 60 }), (sizes) => {
        expect(read(cut(Buffer.concat([STARTUP, REST]), sizes))).to.deep.equal(whole);
      }),
    );
  });

  it('are counted while their message is not complete', () => {
    const reader = new FrontendReader();
    reader.started();
    reader.push(client.query('select 1').subarray(0, 9));
    expect(reader.next()).to.equal(undefined);
    expect(reader.held).to.equal(9);
    reader.push(client.query('select 1').subarray(9));
    expect(reader.next()?.bytes).to.deep.equal(client.query('select 1'));
    expect(reader.held).to.equal(0);
  });

  const LENGTHS: readonly (readonly [length: number, started: boolean, fine: boolean])[] = [
    [3, true, false],
    [4, true, true],
    [-1, true, false],
    [0x4000_0000, true, false],
    [7, false, false],
    [8, false, true],
    [10_001, false, false],
  ];
  for (const [length, started, fine] of LENGTHS) {
    it(`of length ${length} ${started ? 'with' : 'without'} a type are ${fine ? 'waited for' : 'nonsense'}`, () => {
      const reader = new FrontendReader();
      if (started) reader.started();
      const bytes = Buffer.alloc(started ? 5 : 4);
      bytes.writeInt32BE(length, started ? 1 : 0);
      reader.push(bytes);
      if (fine) expect(() => reader.next()).not.to.throw();
      else expect(() => reader.next()).to.throw(MalformedMessage, `invalid message length: ${length}`);
    });
  }
});

function read(chunks: readonly Buffer[]): { type: string; bytes: string }[] {
  const reader = new FrontendReader();
  const all: { type: string; bytes: string }[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      if (all.length === 0) reader.started();
      all.push({ type: String.fromCharCode(frame.type), bytes: frame.bytes.toString('hex') });
    }
  }
  return all;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
