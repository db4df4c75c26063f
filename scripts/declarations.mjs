// Makes the types of dist/, and dist/commonjs/: what require() is given by package.json, for projects whose
// TypeScript compiles to CommonJS. The code is that of the ES modules, which Node's require() loads; the types
// are the same once more, under a package.json by which TypeScript knows them to be CommonJS. Files of the same
// name stand side by side in a package, where the second of them compresses to next to nothing.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

import ts from 'typescript';

import { publicEntries } from './entries.mjs';
import { root } from './steps.mjs';

const source = join(root, '.build/src');
const dist = join(root, 'dist');
const target = join(dist, 'commonjs');
/** Before anything is compiled that a run needs. */
const CACHE = join(dist, 'compile-cache.cjs');
const MARKER = "Object.defineProperty(exports, '__esModule', { value: true });\n";

/** Of what tsc has made in .build/src/, the declarations that an entry leads to are copied. */
export function makeDeclarations() {
  const entries = publicEntries.map((entry) => ({ entry, types: join(source, `${entry}.d.ts`) }));
  const names = exportedNames(entries.map(({ types }) => types));
  // The package that it stands for has one export; its types move aside.
  const single = new Set(entries.flatMap(({ types }) => (types.includes('/drivers/') ? [types] : [])));

  for (const { entry, types } of entries) {
    const place = join(target, entry);
    const module = relative(dirname(place), join(dist, `${entry}.js`)).replaceAll('\\', '/');
    const found = names.get(types);

    if (single.has(types)) {
      write(`${place}.cjs`, `'use strict';\n\nmodule.exports = require('${module}');\n`);
      const all = `typeof import('./${basename(entry)}.types.js').default`;
      write(`${place}.d.ts`, `declare const entry: ${all};\nexport = entry;\n`);
    } else if (found.includes('module.exports')) {
      // A function that has the other exports as its properties.
      const marks = ['__esModule', 'default'].map(
        (name) =>
          `Object.defineProperty(module.exports, '${name}', { value: ${name === 'default' ? 'entry' : true} });\n`,
      );
      write(
        `${place}.cjs`,
        `'use strict';\n\nconst entry = require('${module}');\n\nmodule.exports = entry;\n${marks.join('')}`,
      );
    } else {
      const lines = found.map((name) => `exports.${name} = entry.${name};\n`);
      const first = entry.startsWith('runner/')
        ? `require('${relative(dirname(place), CACHE).replaceAll('\\', '/')}');\n`
        : '';
      write(
        `${place}.cjs`,
        `'use strict';\n\n${MARKER}${first}const entry = require('${module}');\n\n${lines.join('')}`,
      );
    }
  }

  write(join(target, 'package.json'), '{ "type": "commonjs" }\n');
  const declarations = new Set(entries.map(({ types }) => types));
  // A set is walked to what is added meanwhile.
  for (const file of declarations) {
    const text = readFileSync(file, 'utf8');
    // Examples in comments import too.
    const pieces = /(\/\*[\s\S]*?\*\/)|((?:from|import|import\() ?')(\.[^']*)\.js'/g;
    const copy = text.replace(pieces, (piece, comment, before, path) => {
      if (comment) return piece;
      const types = join(dirname(file), `${path}.d.ts`);
      declarations.add(types);
      return `${before}${path}${single.has(types) ? '.types' : ''}.js'`;
    });
    const ending = single.has(file) ? '.types.d.ts' : '.d.ts';
    write(join(dist, relative(source, file)), text);
    write(join(target, relative(source, file)).replace(/\.d\.ts$/, ending), copy);
  }
}

/** The names of the values that each file exports. */
function exportedNames(files) {
  const program = ts.createProgram(files, { module: ts.ModuleKind.NodeNext, noLib: true, types: [] });
  const checker = program.getTypeChecker();
  const namesOf = (file) => {
    const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)));
    const values = symbols.filter((symbol) => {
      if (symbol.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration)) return false;
      const origin = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return origin.flags & ts.SymbolFlags.Value;
    });
    return values.map(({ name }) => name).sort();
  };
  return new Map(files.map((file) => [file, namesOf(file)]));
}

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
