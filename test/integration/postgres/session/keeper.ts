// Runs `postgres` for as long as the process that started this one lives: its end closes our input,
// also after kill -9. Arguments: the program, the data folder, and the user to be, if not our own.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

const [program = '', folder = '', uid] = process.argv.slice(2);

const server = spawn(program, ['-D', folder], {
  stdio: 'ignore',
  cwd: folder,
  ...(uid === undefined ? {} : { uid: Number(uid) }),
});
server.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
});

process.stdin.resume();
process.stdin.on('end', () => server.kill('SIGQUIT'));
