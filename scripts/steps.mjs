// How the scripts start other programs: in the foreground or beside it, under a heading, without a shell.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

// A step that has not ended by then never will.
const DEADLINE = 30 * 60_000;

// npm looks for newer versions of itself and of packages; a check must not depend on a network.
const OFFLINE = { npm_config_offline: 'true', npm_config_update_notifier: 'false', npm_config_audit: 'false' };

/**
 * Runs a program and returns its exit code. `command` is a program of node_modules/.bin, npm or node;
 * `options.node` names another node than the running one.
 */
export function run(heading, command, args, options = {}) {
  console.log(`\n== ${heading}`);
  const [program, settings] = prepared(command, options);
  const { status, signal, error } = spawnSync(program, args, { stdio: 'inherit', timeout: DEADLINE, ...settings });

  if (error?.code === 'ETIMEDOUT') console.error(late(command));
  else if (error) console.error(`${command}: ${error.message}`);
  if (signal) console.error(`${command} was ended by ${signal}`);
  return status ?? 1;
}

/**
 * Starts a program that runs beside those to come. The function returned waits for its end, prints
 * what it has said, and gives the promise of its exit code.
 */
export function start(heading, command, args, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-step-'));
  // A file, because a pipe is not emptied while another program runs in the foreground.
  const output = openSync(join(folder, 'output'), 'w');
  const [program, settings] = prepared(command, options);
  const child = spawn(program, args, { stdio: ['ignore', output, output], ...settings });
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve({ status: 1, said: `${command}: ${error.message}` }));
    child.once('exit', (status, signal) =>
      resolve({ status, said: signal ? `${command} was ended by ${signal}` : '' }),
    );
  });

  return async () => {
    const timer = setTimeout(() => {
      console.error(late(command));
      child.kill('SIGKILL');
    }, DEADLINE);
    const { status, said } = await ended;
    clearTimeout(timer);
    closeSync(output);
    console.log(`\n== ${heading}\n${readFileSync(join(folder, 'output'), 'utf8')}${said}`);
    rmSync(folder, { recursive: true, force: true });
    return status ?? 1;
  };
}

function prepared(command, { node = process.execPath, env, ...options }) {
  const shell = process.platform === 'win32' && command !== 'node';
  const program = command === 'node' ? node : command === 'npm' ? 'npm' : `${root}/node_modules/.bin/${command}`;

  return [program, { cwd: root, shell, ...options, env: { ...process.env, ...OFFLINE, ...env } }];
}

function late(command) {
  return `\n${command} did not end within ${DEADLINE / 60_000} minutes`;
}
