import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { expect } from 'chai';
import { sync } from '#src/index.js';
import { appendTestFrames } from '#src/bridge/stack.js';
import { installBridge } from '#src/bridge/index.js';
import { errorUnderHop } from './under-hop.js';

/** An error of the app, as a test's wait throws it. */
function awaited(error: Error = theApp()): Error {
  appendTestFrames(error, awaited);
  return error;
}

function theApp(): Error {
  return new RangeError('far side');
}

function theTest(error?: Error): Error {
  return awaited(error);
}

/** The functions of this file that a stack names, in order. */
function names(stack: string | undefined): string[] {
  return [...String(stack).matchAll(/ at (?:async )?(theApp|theTest|anotherTest) /g)].map(([, name]) => name ?? '');
}

const BOTH = ['theApp', 'theTest'];

describe('the stack of an error from the far side', () => {
  it('shows the app first, then the test', () => {
    const error = theApp();

    expect(theTest(error)).to.equal(error);
    expect(error.stack).to.match(/^RangeError: far side\n {4}at theApp /);
    // The test's frames follow the app's, whose callers are in this same file.
    expect(names(theFarSide(error).stack)).to.deep.equal(BOTH);
  });

  /** Without what called the app. */
  function theFarSide(error: Error): Error {
    error.stack = (error.stack ?? '')
      .split('\n')
      .filter((line) => !line.includes('Context.'))
      .join('\n');
    return error;
  }

  it('is formatted when somebody reads it, by who formats stacks then', () => {
    const former = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
    const formatted: unknown[] = [];
    const error = theTest();

    try {
      Error.prepareStackTrace = (each, sites) => {
        formatted.push(each);
        return `${String(each)}\n${sites.map((site) => `    at ${site.getFunctionName()} (x)`).join('\n')}`;
      };
      expect(formatted).to.deep.equal([]);
      expect(names(error.stack)).to.include.members(BOTH);
      expect(formatted[0]).to.equal(error);
    } finally {
      if (former) Object.defineProperty(Error, 'prepareStackTrace', former);
      else Reflect.deleteProperty(Error, 'prepareStackTrace');
    }
  });

  const copies: Readonly<Record<string, (error: Error) => unknown>> = {
    'util.inspect': (error) => inspect(error),
    structuredClone: (error) => structuredClone(error).stack,
    'v8.serialize': (error) => (deserialize(serialize(error)) as Error).stack,
    postMessage: (error) => {
      const { port1, port2 } = new MessageChannel();
      port1.postMessage(error);
      const { message } = receiveMessageOnPort(port2) as { message: Error };
      port1.close();
      return message.stack;
    },
  };
  for (const [title, copy] of Object.entries(copies)) {
    it(`is in what ${title} makes of it`, () => expect(names(String(copy(theTest())))).to.include.members(BOTH));
  }

  it('stays the property that it was: the first, not enumerable, configurable', () => {
    const error = theTest();

    expect(Object.getOwnPropertyNames(error)).to.deep.equal(Object.getOwnPropertyNames(theApp()));
    expect(Object.getOwnPropertyDescriptor(error, 'stack')).to.include({ enumerable: false, configurable: true });
    expect(JSON.stringify(error)).to.equal('{}');
    expect({ ...error }).to.deep.equal({});
  });

  it('can be set and captured anew', () => {
    const error = theTest();
    error.stack = 'mine';
    expect(error.stack).to.equal('mine');
    expect(Object.getOwnPropertyDescriptor(error, 'stack')).to.include({ enumerable: false, value: 'mine' });

    const other = theTest();
    Error.captureStackTrace(other);
    expect(names(other.stack)).to.deep.equal([]);
  });

  it('keeps what the app has made of it', () => {
    const error = theApp();
    error.stack = 'mine\n    at theApp (x.js:1:1)';

    expect(names(theTest(error).stack)).to.deep.equal(BOTH);
    expect(error.stack).to.match(/^mine\n/);
  });

  it('tells the test that awaited it last', () => {
    const error = theApp();
    error.stack = 'Error: shared\n    at theApp (x.js:1:1)';
    theTest(error);
    expect(names(error.stack)).to.deep.equal(BOTH);

    (function anotherTest() {
      awaited(error);
    })();
    expect(names(error.stack)).to.deep.equal(['theApp', 'anotherTest']);
  });

  const untouchable: Readonly<Record<string, () => Error>> = {
    frozen: () => Object.freeze(theApp()),
    sealed: () => Object.seal(theApp()),
    'with a getter of its own': () => Object.defineProperty(theApp(), 'stack', { get: () => 'got' }),
    'with a stack that is no string': () => Object.defineProperty(theApp(), 'stack', { value: 7 }),
    'with a stack that is fixed': () =>
      Object.defineProperty(theApp(), 'stack', { value: 'fixed', configurable: false, writable: false }),
    'without one': () => {
      const error = theApp();
      delete error.stack;
      return error;
    },
  };
  for (const [title, make] of Object.entries(untouchable)) {
    it(`of an error ${title} stays as it is`, () => {
      const error = make();
      expect(theTest(error)).to.equal(error);
      expect(names(error.stack)).not.to.include('theTest');
    });
  }

  it('names the places in the sources, where source maps are in use', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-stack-'));
    const enabled = (process as { sourceMapsEnabled?: boolean }).sourceMapsEnabled ?? false;
    try {
      process.setSourceMapsEnabled(true);
      // Its third line is the first of original.ts.
      const map = { version: 3, sources: ['original.ts'], names: [], mappings: ';;AAAA' };
      const code = `\n\nexport const theApp = () => new Error('mapped');\n`;
      const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
      writeFileSync(join(folder, 'made.mjs'), `${code}//# sourceMappingURL=${url}`);
      const made = (await import(pathToFileURL(join(folder, 'made.mjs')).href)) as { theApp: () => Error };

      const { stack } = theTest(made.theApp());
      expect(stack)
        .to.match(/original\.ts:1:/)
        .and.to.match(/theTest/);
    } finally {
      process.setSourceMapsEnabled(enabled);
      rmSync(folder, { recursive: true });
    }
  });

  describe('thrown at once, with the test on its stack already', () => {
    const OURS = /[\\/]\.build[\\/]src[\\/]bridge[\\/]|node_modules[\\/]deasync/;
    const { LOCKSTEP_DEBUG } = process.env;

    async function thrown(): Promise<string> {
      const bridge = installBridge();
      bridge.running();
      const limit = Error.stackTraceLimit;
      Error.stackTraceLimit = 50;
      try {
        const error = await errorUnderHop(function theTest() {
          sync(() => Promise.reject(theApp()));
        });
        return error.stack ?? '';
      } finally {
        Error.stackTraceLimit = limit;
        bridge.uninstall();
      }
    }
    afterEach(() => {
      if (LOCKSTEP_DEBUG === undefined) delete process.env['LOCKSTEP_DEBUG'];
      else process.env['LOCKSTEP_DEBUG'] = LOCKSTEP_DEBUG;
    });

    it('has no frame of Lockstep and of its pump', async () => {
      delete process.env['LOCKSTEP_DEBUG'];
      const stack = await thrown();
      expect(names(stack)).to.deep.equal(BOTH);
      expect(stack).not.to.match(OURS);
    });

    it('has them with LOCKSTEP_DEBUG=1', async () => {
      process.env['LOCKSTEP_DEBUG'] = '1';
      expect(await thrown()).to.match(OURS);
    });
  });
});
