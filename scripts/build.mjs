// Makes .build/src/, module by module, which the tests load as `#src/…`, and of it dist/, which users get.
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { bundle } from './bundle.mjs';
import { makeDeclarations } from './declarations.mjs';
import { root, runBeside } from './steps.mjs';

// A stale file would still be importable after its source was renamed.
for (const folder of ['dist', '.build']) rmSync(join(root, folder), { recursive: true, force: true });

const [compiled] = await Promise.all([runBeside('tsc', ['-p', 'tsconfig.json'], { stdio: 'inherit' }), bundle()]);
if (compiled.code === 0) {
  makeDeclarations();
  // CommonJS modules that are found by their path: nothing of them is shared.
  for (const path of ['engine/swap/stand-ins', 'compile-cache.cjs'])
    cpSync(join(root, '.build/src', path), join(root, 'dist', path), {
      recursive: true,
      filter: (path) => !path.endsWith('.cts'),
    });
}
process.exitCode = compiled.code;
