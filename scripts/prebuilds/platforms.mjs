// The platforms that Lockstep has an addon for, and how clang makes it for each.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const COMMON = ['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden', '-fno-ident'];

/** Without a C library, start files, or checks that call one: the binary uses whichever the process has. */
const BARE = ['-shared', '-fuse-ld=lld', '-nostdlib', '-fno-stack-protector', '-U_FORTIFY_SOURCE', '-Wl,-s'];

/** What may be asked of the process: Node, and the part of POSIX that glibc and musl have alike. */
export const POSIX =
  /^(?:(?:napi|uv)_\w+|__errno_location|calloc|clock_gettime|fcntl|free|mem(?:cpy|set)|poll|read|recv|send|write)$/;

function linux(target, headers) {
  return {
    tools: ['clang', 'ld.lld', 'llvm-nm'],
    flags: [
      `--target=${target}`,
      ...(existsSync(headers) ? ['-isystem', headers] : []),
      ...['-D_GNU_SOURCE', '-fPIC', '-Wl,--build-id=none', '-Wl,-z,max-page-size=65536'],
      ...BARE,
    ],
  };
}

function windows(target, machine) {
  return {
    tools: ['clang', 'ld.lld', 'llvm-dlltool'],
    machine,
    flags: [
      `--target=${target}`,
      ...['-isystem', '/usr/share/mingw-w64/include', '-D_WIN32_WINNT=0x0A00', '-Wl,--no-insert-timestamp'],
      ...BARE,
    ],
  };
}

function macos(arch) {
  return {
    tools: process.platform === 'darwin' ? ['clang'] : ['the clang of macOS'],
    flags: ['-arch', arch, '-mmacosx-version-min=11.0', '-bundle', '-undefined', 'dynamic_lookup', '-Wl,-x'],
  };
}

const PLATFORMS = {
  'linux-x64': linux('x86_64-linux-gnu', '/usr/x86_64-linux-gnu/include'),
  'linux-arm64': linux('aarch64-linux-gnu', '/usr/aarch64-linux-gnu/include'),
  'win32-x64': windows('x86_64-w64-windows-gnu', 'i386:x86-64'),
  'win32-arm64': windows('aarch64-w64-windows-gnu', 'arm64'),
  'darwin-x64': macos('x86_64'),
  'darwin-arm64': macos('arm64'),
};

export const NAMES = Object.keys(PLATFORMS);

/** What this machine lacks to make the addon for a platform. */
export function missingTools(name) {
  return PLATFORMS[name].tools.filter(
    (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error !== undefined,
  );
}

/** How to make it: programs with their arguments, to be run one after the other in a folder with the sources. */
export function recipe(name, { sources, node, digest, output }) {
  const { flags, machine } = PLATFORMS[name];
  const files = sources.filter((file) => file.endsWith('.c'));
  const compile = [...COMMON, `-DLOCKSTEP_SOURCE="${digest}"`, '-isystem', node, ...flags, '-o', output, ...files];
  if (machine === undefined) return [['clang', compile]];

  const library = 'kernel32.lib';
  return [
    ['llvm-dlltool', ['-m', machine, '-d', 'kernel32.def', '-l', library]],
    ['clang', [...compile, library]],
  ];
}
