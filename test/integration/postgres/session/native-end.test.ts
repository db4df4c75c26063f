import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { startServer } from './server.js';

/** Many connections end, and are collected before the loop has had a turn. */
const SCRIPT = `
  import { NativeLink } from '#src/engine/postgres/session/native-link.js';
  import { loadNative } from '#src/engine/postgres/session/native.js';
  import { defaultTypes } from '#src/engine/postgres/session/type-parsers.js';
  const Native = loadNative(process.cwd());
  const open = () => {
    const link = new NativeLink(Native, JSON.parse(process.env.PARAMETERS), defaultTypes);
    link.query('select 1', []);
    link.close();
  };
  for (let i = 0; i < 8; i += 1) open();
  gc();
  const garbage = Array.from({ length: 1000 }, () => Buffer.alloc(300, 1));
  setTimeout(() => console.log('alive', garbage.length), 20);
`;

describe('a session by pg-native that has ended', () => {
  it('does not take the process with it when it is collected', async function () {
    this.timeout(20_000);
    const parameters = await startServer();
    const out = execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', SCRIPT], {
      env: { ...process.env, PARAMETERS: JSON.stringify(parameters) },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(out).to.equal('alive 1000\n');
  });
});
