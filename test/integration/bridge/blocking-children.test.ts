import childProcess from 'node:child_process';
import { execFileSync, spawnSync as importedSpawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { installBridge, type InstalledBridge } from '#src/bridge/index.js';
import { BlockedThreadError } from '#src/errors.js';
import { errorUnderHop, underHop } from './under-hop.js';

type Name = 'execSync' | 'execFileSync' | 'spawnSync';

const originals = { ...childProcess };
const { execPath: node } = process;

/** What a call gives or throws, without what differs from run to run. */
function outcome(call: () => unknown): unknown {
  try {
    return { returned: plain(call()) };
  } catch (error) {
    const { name, message, code, errno, syscall, path, spawnargs } = error as NodeJS.ErrnoException & {
      spawnargs: unknown;
    };
    const { status, signal, output, stdout, stderr } = error as childProcess.SpawnSyncReturns<Buffer>;
    return {
      threw: { name, message, code, errno, syscall, path, spawnargs, status, signal, output, stdout, stderr },
      keys: Object.keys(error as object),
    };
  }
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;

  const { pid, error, ...rest } = value as childProcess.SpawnSyncReturns<Buffer>;
  expect(pid).to.be.a('number');
  return { ...rest, error: error && { ...error, message: error.message, name: error.name }, keys: Object.keys(value) };
}

/** Calls the original, and the one that waits, in the same place. */
async function both(name: Name, args: readonly unknown[]): Promise<readonly [unknown, unknown]> {
  const original = originals[name] as (...args: unknown[]) => unknown;
  const other = childProcess[name] as (...args: unknown[]) => unknown;
  return await underHop(() => [outcome(() => other(...args)), outcome(() => original(...args))]);
}

describe('blocking children, where a wait is allowed', () => {
  let bridge: InstalledBridge;
  let place: string;
  let served = true;
  let left: number | undefined;
  const reasons: Error[] = [];

  before(() => {
    place = mkdtempSync(join(tmpdir(), 'lockstep-children-'));
    writeFileSync(join(place, 'input.txt'), 'from a file');
    bridge = installBridge({
      use: { servesSandbox: () => served, remaining: () => left, usedUp: (reason) => reasons.push(reason) },
    });
    bridge.running();
  });
  after(() => {
    bridge.uninstall();
    rmSync(place, { recursive: true });
  });
  afterEach(() => {
    served = true;
    left = undefined;
    reasons.length = 0;
  });

  const big = 'x'.repeat(1_000_000);
  const cases: readonly [title: string, name: Name, ...args: unknown[]][] = [
    ['a command', 'execSync', 'echo one; echo two >&2', { stdio: 'pipe' }],
    ['a command with encoding', 'execSync', 'echo one', { encoding: 'utf8' }],
    ['a command in hex', 'execSync', 'echo one', { encoding: 'hex' }],
    ['a command that fails', 'execSync', 'echo one; echo why >&2; exit 3', { stdio: 'pipe' }],
    ['a command that fails, with encoding', 'execSync', 'echo why >&2; exit 3', { stdio: 'pipe', encoding: 'utf8' }],
    ['a command that is killed', 'execSync', 'echo one; kill -9 $$', { stdio: 'pipe' }],
    ['a command that does not exist', 'execSync', 'lockstep-none', { stdio: 'pipe' }],
    ['a command in another shell', 'execSync', 'echo $0', { shell: '/bin/bash' }],
    ['a command in a shell that does not exist', 'execSync', 'echo', { shell: '/none' }],
    ['a command with input', 'execSync', 'cat', { input: 'given' }],
    ['a command with undefined options', 'execSync', 'echo one', undefined],
    ['a file', 'execFileSync', 'echo', ['one', 'two']],
    ['a file without arguments', 'execFileSync', 'true'],
    ['a file with options alone', 'execFileSync', 'env', { env: { ONLY: 'this' }, encoding: 'utf8' }],
    ['a file with undefined arguments', 'execFileSync', 'echo', undefined, { encoding: 'latin1' }],
    ['a file with null arguments', 'execFileSync', 'echo', null, { encoding: 'utf8' }],
    ['a file in a shell', 'execFileSync', 'echo', ['$HOME', '&&', 'echo', 'b'], { shell: true, env: { HOME: '/h' } }],
    ['a file that does not exist', 'execFileSync', 'lockstep-none', ['a', 'b']],
    ['a file that may not be run', 'execFileSync', '/etc/passwd', ['a']],
    ['a folder that does not exist', 'execFileSync', 'true', [], { cwd: '/none' }],
    ['a folder', 'execFileSync', 'pwd', [], { cwd: '/usr' }],
    ['a file that fails', 'execFileSync', 'sh', ['-c', 'echo a; echo b >&2; exit 7'], { stdio: 'pipe' }],
    ['a file that fails under another name', 'execFileSync', 'sh', ['-c', 'exit 7'], { argv0: 'other' }],
    ['a file under another name', 'execFileSync', 'sh', ['-c', 'echo $0'], { argv0: 'other', encoding: 'utf8' }],
    ['a spawn', 'spawnSync', 'sh', ['-c', 'echo a; echo b >&2; exit 7']],
    ['a spawn that does not exist', 'spawnSync', 'lockstep-none', ['a']],
    ['a spawn that is killed', 'spawnSync', 'sh', ['-c', 'kill -15 $$']],
    ['a spawn in a shell', 'spawnSync', 'echo a b | tr a-z A-Z', { shell: true }],
    ['encoding buffer', 'spawnSync', 'echo', ['a'], { encoding: 'buffer' }],
    ['an encoding for all outputs', 'spawnSync', 'sh', ['-c', 'echo a; echo b >&2'], { encoding: 'base64' }],
    ['ignore', 'spawnSync', 'echo', ['a'], { stdio: 'ignore' }],
    ['inherit of nothing said', 'spawnSync', 'true', [], { stdio: 'inherit' }],
    ['ignored output of execFileSync', 'execFileSync', 'echo', ['a'], { stdio: 'ignore' }],
    ['a short array', 'spawnSync', 'sh', ['-c', 'cat; echo b >&2'], { stdio: ['ignore'] }],
    ['holes in the array', 'spawnSync', 'sh', ['-c', 'echo a; echo b >&2'], { stdio: [null, undefined, 'ignore'] }],
    [
      'further pipes',
      'spawnSync',
      'sh',
      ['-c', 'echo c >&3; echo a; echo d >&4'],
      { stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe'] },
    ],
    ['input of bytes', 'spawnSync', 'cat', [], { input: new Uint8Array([104, 105]) }],
    ['input of a DataView', 'spawnSync', 'cat', [], { input: new DataView(new Uint16Array([25185]).buffer, 1) }],
    ['input with encoding', 'spawnSync', 'cat', [], { input: '6869', encoding: 'hex' }],
    ['empty input', 'spawnSync', 'cat', [], { input: '' }],
    ['no input', 'spawnSync', 'cat', []],
    ['large input that comes back', 'spawnSync', 'cat', [], { input: big }],
    ['large input that nobody reads', 'spawnSync', 'true', [], { input: big }],
    ['large input that nobody reads, of execFileSync', 'execFileSync', 'true', [], { input: big }],
    ['input where there is no pipe', 'spawnSync', 'echo', ['a'], { input: 'b', stdio: ['ignore', 'pipe', 'pipe'] }],
    [
      'large input that a child of the child reads',
      'spawnSync',
      'sh',
      ['-c', '(sleep 0.1; wc -c) <&0 &'],
      { input: big },
    ],
    ['an output that a child of the child writes', 'spawnSync', 'sh', ['-c', '(sleep 0.2; echo late) &']],
    ['a timeout', 'spawnSync', 'sleep', ['5'], { timeout: 60 }],
    ['a timeout of execFileSync', 'execFileSync', 'sleep', ['5'], { timeout: 60, encoding: 'utf8' }],
    ['a timeout of execSync', 'execSync', 'echo a; exec sleep 5', { timeout: 1500 }],
    ['a timeout whose pipes are held', 'spawnSync', 'sh', ['-c', 'sleep 2 & exec sleep 3'], { timeout: 100 }],
    ['a timeout that does not strike', 'spawnSync', 'echo', ['a'], { timeout: 60_000 }],
    ['a very long timeout', 'spawnSync', 'echo', ['a'], { timeout: 2 ** 40 }],
    ['a timeout of 0', 'spawnSync', 'echo', ['a'], { timeout: 0 }],
    ['a timeout with another signal', 'spawnSync', 'sleep', ['5'], { timeout: 60, killSignal: 'SIGKILL' }],
    ['a signal in small letters', 'spawnSync', 'sleep', ['5'], { timeout: 60, killSignal: 'sigint' }],
    ['a signal by number', 'spawnSync', 'sleep', ['5'], { timeout: 60, killSignal: 9 }],
    [
      'a timeout that the child survives',
      'spawnSync',
      'sh',
      ['-c', 'trap "exit 4" TERM; sleep 3 & wait'],
      { timeout: 1500 },
    ],
    ['no maxBuffer', 'spawnSync', node, ['-e', 'process.stdout.write("x".repeat(3e6))'], { maxBuffer: Infinity }],
    [
      'maxBuffer undefined',
      'spawnSync',
      node,
      ['-e', 'process.stdout.write("x".repeat(3e6))'],
      { maxBuffer: undefined },
    ],
    ['maxBuffer of 0', 'spawnSync', 'echo', ['abc'], { maxBuffer: 0 }],
    ['maxBuffer reached', 'spawnSync', 'sh', ['-c', 'printf 12345; exec sleep 5'], { maxBuffer: 4 }],
    ['maxBuffer of execFileSync', 'execFileSync', 'sh', ['-c', 'printf 12345; exec sleep 5'], { maxBuffer: 4 }],
    [
      'maxBuffer of all outputs',
      'spawnSync',
      'sh',
      ['-c', 'printf 123 >&2; printf 456; exec sleep 5'],
      { maxBuffer: 5 },
    ],
    ['maxBuffer not reached', 'spawnSync', 'printf', ['1234'], { maxBuffer: 4 }],
    ['windowsHide, detached', 'spawnSync', 'echo', ['a'], { windowsHide: true, detached: true }],
    ['an AbortSignal, which they do not know', 'spawnSync', 'echo', ['a'], { signal: AbortSignal.abort() }],
    // What Node refuses.
    ['no file', 'spawnSync'],
    ['an empty file', 'execFileSync', ''],
    ['a file that is none', 'spawnSync', 5],
    ['arguments that are none', 'spawnSync', 'echo', 5],
    ['an argument with a null byte', 'spawnSync', 'echo', ['a\0b']],
    ['options that are none', 'spawnSync', 'echo', [], 5],
    ['null options', 'spawnSync', 'echo', [], null],
    ['a negative timeout', 'spawnSync', 'echo', [], { timeout: -1 }],
    ['a timeout that is none', 'execFileSync', 'echo', [], { timeout: 'x' }],
    ['a maxBuffer that is none', 'execSync', 'echo', { maxBuffer: -1 }],
    ['a signal that is none', 'spawnSync', 'echo', [], { killSignal: 'SIGNONE' }],
    ['input that is none', 'spawnSync', 'cat', [], { input: 5 }],
    ['input in a buffer', 'spawnSync', 'cat', [], { input: 'a', encoding: 'buffer' }],
    ['an encoding that is none', 'spawnSync', 'echo', ['a'], { encoding: 'none' }],
    ['ipc', 'spawnSync', 'echo', ['a'], { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] }],
    ['stdio that is none', 'spawnSync', 'echo', ['a'], { stdio: 'none' }],
    ['a cwd that is none', 'spawnSync', 'echo', ['a'], { cwd: 5 }],
    ['a command that is none', 'execSync', 5],
  ];

  for (const [title, name, ...args] of cases) {
    it(`${title}: ${name} gives what Node's own does`, async () => {
      const [ours, nodes] = await both(name, args);
      expect(ours).to.deep.equal(nodes);
    });
  }

  it('a user and a group, whether it is allowed or not', async () => {
    for (const name of ['spawnSync', 'execFileSync'] as const) {
      const [ours, nodes] = await both(name, ['id', ['-u'], { uid: 65534, gid: 65534, cwd: '/' }]);
      expect(ours).to.deep.equal(nodes);
    }
  });

  it('descriptors and streams', async () => {
    const written = ['ours', 'nodes'].map((name) => join(place, name));
    await underHop(() => {
      const run = [childProcess.spawnSync, originals.spawnSync];
      written.forEach((file, index) => {
        const [input, output] = [openSync(join(place, 'input.txt'), 'r'), openSync(file, 'w')];
        const result = run[index]!('sh', ['-c', 'cat; echo said >&2'], {
          stdio: [input, output, { fd: output } as never],
        });
        expect(plain(result)).to.deep.include({ status: 0, output: [null, null, null] });
        closeSync(input);
        closeSync(output);
      });
    });
    expect(written.map((file) => readFileSync(file, 'utf8'))).to.deep.equal(Array(2).fill('from a filesaid\n'));
  });

  it('inherited output and stderr behind the end go where those of Node go', () => {
    const script = (own: boolean): string => `
      const { installBridge, hop, enterFrame } = await import(${JSON.stringify(import.meta.resolve('#src/bridge/index.js'))});
      const { default: cp } = await import('node:child_process');
      if (${own}) installBridge({ use: { servesSandbox: () => true, remaining: () => undefined, usedUp() {} } }).running();
      const owner = { title: 'it', remaining: () => 5000, park() {}, unpark() {} };
      hop(() => enterFrame(owner, () => {
        cp.execSync('echo first; echo second >&2');
        cp.execFileSync('sh', ['-c', 'echo third; echo fourth >&2'], { stdio: 'inherit' });
        cp.execFileSync('sh', ['-c', 'echo fifth; echo sixth >&2'], { stdio: [0, process.stdout, process.stderr] });
        cp.execFileSync('cat', [], { stdio: ['inherit', 'inherit', 'inherit'] });
        process.exit();
      }));`;
    const [ours, nodes] = [true, false].map((own) => {
      const { status, stdout, stderr } = originals.spawnSync(node, ['--input-type=module', '-e', script(own)], {
        encoding: 'utf8',
        input: 'given',
      });
      return { status, stdout, stderr };
    });
    expect(nodes).to.deep.equal({ status: 0, stdout: 'third\nfifth\ngiven', stderr: 'second\nfourth\nsixth\n' });
    expect(ours).to.deep.equal(nodes);
  });

  it('lets the thread go on meanwhile', async () => {
    const server = createServer((socket) => socket.end('from this thread'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const script = `require('net').connect(${port}, '127.0.0.1').pipe(process.stdout)`;
    const said = await underHop(() => [
      execFileSync(node, ['-e', script], { encoding: 'utf8' }),
      importedSpawnSync(node, ['-e', script], { encoding: 'utf8' }).stdout,
      (createRequire(import.meta.url)('child_process') as typeof childProcess)
        .execSync(`${node} -e "${script}"`)
        .toString(),
    ]);
    expect(said).to.deep.equal(Array(3).fill('from this thread'));
    server.close();
  });

  it("shows the caller's line at the top of the stack", async () => {
    const error = await errorUnderHop(() => execFileSync('false'));
    expect(error.stack?.split('\n')[1]).to.contain('blocking-children.test');
  });

  it('keeps names and numbers of parameters', () => {
    for (const name of ['execSync', 'execFileSync', 'spawnSync'] as const) {
      expect(childProcess[name]).to.not.equal(originals[name]);
      expect([childProcess[name].name, childProcess[name].length]).to.deep.equal([name, originals[name].length]);
    }
  });

  it("kills the child when the test's time is over, and says so", async () => {
    const error = await errorUnderHop(() => execFileSync('sleep', [`7.${process.pid}1`]), 100);
    expect(error).to.include({ code: 'LOCKSTEP_SYNC_TIMEOUT' });
    expect(error.message).to.match(/^execFileSync\("sleep 7\.\d+1"\) in "a test" gave up after \d+ ms/);
    expect(originals.spawnSync('pgrep', ['-f', `sleep 7.${process.pid}[1]`], { encoding: 'utf8' }).stdout).to.equal('');
  });

  it('throws what the app throws meanwhile, and kills the child', async () => {
    const error = await errorUnderHop(() => {
      setTimeout(() => {
        throw new Error('by the app');
      }, 20);
      execFileSync('sleep', [`7.${process.pid}2`]);
    });
    expect(error.message).to.equal('by the app');
    expect(originals.spawnSync('pgrep', ['-f', `sleep 7.${process.pid}[2]`], { encoding: 'utf8' }).stdout).to.equal('');
  });

  describe('elsewhere', () => {
    it('block, and are ended with a reason when the time of the test is over', async () => {
      await Promise.resolve();
      left = 150;
      const error = thrown(() => execFileSync('sleep', ['5'], { stdio: 'pipe' }));
      expect(error).to.be.instanceOf(BlockedThreadError);
      expect(error).to.include({ code: 'LOCKSTEP_BLOCKED_THREAD', status: null, signal: 'SIGTERM' });
      expect(error.cause).to.include({ code: 'ETIMEDOUT', path: 'sleep' });
      expect(error.message).to.match(/^execFileSync\("sleep 5"\) was ended after 150 ms/);
      expect(error.message).to.contain('util.promisify(execFile)').and.to.contain("database.host: 'worker'");
      expect(reasons).to.deep.equal([error]);
    });

    it('tell by the result of spawnSync', () => {
      left = 150;
      const { error, ...result } = childProcess.spawnSync('sleep', ['5']);
      expect(error).to.be.instanceOf(BlockedThreadError);
      expect(result).to.include({ status: null, signal: 'SIGTERM' });
      expect(reasons).to.deep.equal([error]);
    });

    it('name the wait inside which the app called', async () => {
      left = 150;
      let error: Error | undefined;
      await underHop(() => {
        setTimeout(() => (error = thrown(() => childProcess.execSync('sleep 5'))), 20);
        execFileSync('sleep', ['0.3']);
      });
      expect(error).to.include({ code: 'LOCKSTEP_BLOCKED_THREAD' });
      expect(error?.message).to.contain('while execFileSync("sleep 0.3") in "a test" is waiting');
    });

    it('keep a timeout of their own, and its error', () => {
      left = 5;
      expect(outcome(() => childProcess.execSync('sleep 5', { timeout: 80 }))).to.deep.equal(
        outcome(() => originals.execSync('sleep 5', { timeout: 80 })),
      );
      expect(childProcess.execSync('sleep 0.1; echo a', { timeout: 5000 }).toString()).to.equal('a\n');
      expect(reasons).to.deep.equal([]);
    });

    it('have a limit while no test runs', () => {
      expect(childProcess.execSync('sleep 0.1; echo a').toString()).to.equal('a\n');
    });

    it('work where the platform has no pump', () => {
      const script = `
        const { installBridge, hop, enterFrame } = await import(${JSON.stringify(import.meta.resolve('#src/bridge/index.js'))});
        const { default: cp } = await import('node:child_process');
        installBridge({ use: { servesSandbox: () => true, remaining: () => 150, usedUp() {} } }).running();
        const owner = { title: 'it', remaining: () => 150, park() {}, unpark() {} };
        hop(() => enterFrame(owner, () => {
          process.stdout.write(cp.execSync('echo a'));
          console.log(cp.spawnSync('sleep', ['5']).error.message);
          process.exit();
        }));`;
      const { stdout, stderr } = originals.spawnSync(node, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        env: { ...process.env, LOCKSTEP_PUMP: 'none' },
      });
      expect(stdout, stderr).to.match(/^a\nspawnSync\("sleep 5"\) was ended after 150 ms[^]*LOCKSTEP_BRIDGE_MISSING/);
    });

    it('are left alone where no sandbox is served by this thread', async () => {
      served = false;
      left = 5;
      expect(childProcess.execSync('sleep 0.1; echo a').toString()).to.equal('a\n');
      const turns = await underHop(() => {
        let ran = 0;
        setTimeout(() => (ran += 1), 1);
        childProcess.execSync('sleep 0.05');
        return ran;
      });
      expect(turns).to.equal(0);
    });
  });

  it('are Node’s own again when the bridge is taken away', () => {
    const inner = installBridge({ use: { servesSandbox: () => true, remaining: () => undefined, usedUp() {} } });
    const outer = childProcess.execSync;
    inner.uninstall();
    expect(childProcess.execSync).to.not.equal(outer);
  });
});

function thrown(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  return expect.fail('it did not throw');
}
