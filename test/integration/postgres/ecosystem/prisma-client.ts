import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { fixture } from '../../run-mocha.js';

/** Where the schema's `output` points to. */
const OUTPUT = fixture('..', '..', '.build', 'prisma');

/** Generates the client of the shop's Prisma schema, offline, and compiles it as the app's build would. */
export async function generatePrismaClient(): Promise<void> {
  const require = createRequire(import.meta.url);
  const program = join(dirname(require.resolve('prisma/package.json')), 'build', 'index.js');
  const schema = fixture('postgres', 'shops', 'schema.prisma');

  await promisify(execFile)(process.execPath, [program, 'generate', '--schema', schema], {
    // Nothing here needs the engine; Prisma only insists that there is one, and would fetch it.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
  });

  for (const name of readdirSync(OUTPUT, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;

    const { outputText } = ts.transpileModule(readFileSync(join(OUTPUT, name), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true },
    });
    writeFileSync(join(OUTPUT, name.replace(/\.ts$/, '.js')), outputText);
  }
}
