// How the scripts start other programs: in the foreground, under a heading, without a shell.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

// A step that has not ended by then never will.
const DEADLINE = 10 * 60_000;

// npm looks for newer versions of itself and of packages; a check must not depend on a network.
const OFFLINE = { npm_config_offline: 'true', npm_config_update_notifier: 'false', npm_config_audit: 'false' };

/**
 * Runs a program and returns its exit code. `command` is a program of node_modules/.bin, npm or node;
 * `options.node` names another node than the running one.
 */
export function run(heading, command, args, { node = process.execPath, ...options } = {}) {
  console.log(`\n== ${heading}`);
  const local = `${root}/node_modules/.bin/${command}`;
  const windows = process.platform === 'win32';
  const program = command === 'node' ? node : command === 'npm' ? 'npm' : local;

  const { status, signal, error } = spawnSync(program, args, {
    cwd: root,
    stdio: 'inherit',
    shell: windows && command !== 'node',
    timeout: DEADLINE,
    ...options,
    env: { ...process.env, ...OFFLINE, ...options.env },
  });
  if (error?.code === 'ETIMEDOUT') console.error(`\n${command} did not end within ${DEADLINE / 60_000} minutes`);
  else if (error) console.error(`${command}: ${error.message}`);
  if (signal) console.error(`${command} was ended by ${signal}`);
  return status ?? 1;
}
