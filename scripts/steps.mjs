// How the scripts start other programs: in the foreground or beside it, under a heading, without a shell.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

// A step that has not ended by then never will.
const deadline = () => (process.env.LOCKSTEP_LONG === '1' ? 90 : 30) * 60_000;

// npm looks for newer versions of itself and of packages; a check must not depend on a network.
const OFFLINE = { npm_config_offline: 'true', npm_config_update_notifier: 'false', npm_config_audit: 'false' };

/**
 * Runs a program and returns its exit code. `command` is a program of node_modules/.bin, npm or node;
 * `options.node` names another node than the running one.
 */
export function run(heading, command, args, options = {}) {
  console.log(`\n== ${heading}`);
  const [program, settings] = prepared(command, options);
  const { status, signal, error } = spawnSync(program, args, { stdio: 'inherit', timeout: deadline(), ...settings });

  if (error?.code === 'ETIMEDOUT') console.error(late(command));
  else if (error) console.error(`${command}: ${error.message}`);
  if (signal) console.error(`${command} was ended by ${signal}`);
  return status ?? 1;
}

/**
 * Runs a program beside others. Gives the promise of its exit code and of what it has said, which is
 * nothing with `options.stdio: 'inherit'`.
 */
export async function runBeside(command, args, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-step-'));
  const output = openSync(join(folder, 'output'), 'w');
  try {
    const [program, settings] = prepared(command, options);
    const child = spawn(program, args, { stdio: ['ignore', output, output], ...settings });
    let killed = false;
    const timer = setTimeout(() => (killed = child.kill('SIGKILL')), deadline());
    const [code, why] = await new Promise((resolve) => {
      child.once('error', (error) => resolve([1, `${command}: ${error.message}`]));
      child.once('exit', (status, signal) => resolve([status ?? 1, signal ? `${command} was ended by ${signal}` : '']));
    });
    clearTimeout(timer);
    return { code, said: readFileSync(join(folder, 'output'), 'utf8') + (killed ? late(command) : why) };
  } finally {
    closeSync(output);
    rmSync(folder, { recursive: true, force: true });
  }
}

function prepared(command, { node = process.execPath, env, ...options }) {
  const shell = process.platform === 'win32' && command !== 'node';
  const program = command === 'node' ? node : command === 'npm' ? 'npm' : `${root}/node_modules/.bin/${command}`;

  return [program, { cwd: root, shell, ...options, env: { ...process.env, ...OFFLINE, ...env } }];
}

function late(command) {
  return `\n${command} did not end within ${deadline() / 60_000} minutes`;
}
