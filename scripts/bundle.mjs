// Makes the code of dist/: one file an entry, and chunks that entries share, so that there is one copy of
// every class and all state. Files are what loading costs by: most of a start was spent on finding, reading
// and linking hundreds of them.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { decode, encode } from '@jridgewell/sourcemap-codec';
import { rolldown, RolldownMagicString } from 'rolldown';

import { entriesByUrl, publicEntries } from './entries.mjs';
import { root } from './steps.mjs';

const src = join(root, 'src');
const entries = [...publicEntries, ...entriesByUrl];

/** As its address a module gets what it would have if it were not bundled: files are found from there. */
const DIST = '__lockstepDist';
const ownPlaces = {
  name: 'own-places',
  transform(code, id) {
    if (!id.startsWith(src) || !code.includes('import.meta.url')) return null;
    const place = relative(src, id).replaceAll('\\', '/').replace(/\.ts$/, '.js');
    const changed = new RolldownMagicString(code).replaceAll('import.meta.url', `(${DIST} + '${place}')`);
    return { code: changed.toString(), map: changed.generateMap({ hires: true }) };
  },
};

/** Defines `DIST` in a file, if it has need of it. */
function place({ fileName, moduleIds }) {
  if (!moduleIds.some((id) => id.startsWith(src) && readFileSync(id, 'utf8').includes('import.meta.url'))) return '';
  const up = relative(dirname(fileName), '.').replaceAll('\\', '/');
  return `const ${DIST} = new URL('./${up}', import.meta.url).href;`;
}

/** In stacks the bridge tells code of its own by the file: these modules have chunks that are called so. */
const toldByFile = [
  { name: 'bridge/drain', test: /[\\/]bridge[\\/](?:drain|addon-pump|deasync-pump)\.ts$/ },
  { name: 'bridge/guard', test: /[\\/]bridge[\\/](?:guard(?:ed|-handles|-ports)?|timers|assignment)\.ts$/ },
];

/** Every run loads these, so that all they need may be in one file. */
const CORE = ['runner/mocha/index', 'index'];
/** These are loaded without them, and bring no more than what they share. */
const APART = entries.filter((entry) => entry.startsWith('engine/'));
const SQLITE = ['engine/sqlite/index', ...entries.filter((entry) => entry.startsWith('engine/sqlite/'))];
const POSTGRES = ['engine/postgres/index', ...entries.filter((entry) => entry.startsWith('engine/postgres/'))];

/** The chunk of a module. What is in none of these is cut by the entries, and places of `import()`, that need it. */
function chunkOf(id, graph) {
  const isOf = (names) => reachedFrom(names, graph).has(id);

  if (isOf(CORE)) return isOf(APART) ? 'base' : 'core';
  if (isOf(SQLITE)) return isOf(POSTGRES) ? 'engines' : 'sqlite';
  return null;
}

const reached = new Map();
function reachedFrom(names, graph) {
  if (reached.has(names)) return reached.get(names);
  const found = new Set(names.map((name) => join(src, `${name}.ts`)));
  // A set is walked to what is added meanwhile.
  for (const id of found) for (const next of graph.getModuleInfo(id)?.importedIds ?? []) found.add(next);
  reached.set(names, found);
  return found;
}

/** Makes the code of dist/. */
export async function bundle() {
  const made = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry, join(src, `${entry}.ts`)])),
    platform: 'node',
    preserveEntrySignatures: 'allow-extension',
    external: (id) => !/^[./]|^[A-Za-z]:/.test(id),
    resolve: { extensionAlias: { '.js': ['.ts'] } },
    transform: { target: 'es2023' },
    plugins: [ownPlaces],
  });
  const { output } = await made.write({
    dir: join(root, 'dist'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [...toldByFile, { name: chunkOf, debugName: 'by use' }],
    },
    comments: { jsdoc: false },
    intro: place,
    // Errors and stacks tell the names of classes and functions.
    keepNames: true,
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await made.close();
  for (const file of output) if (file.fileName.endsWith('.map')) writeLines(join(root, 'dist', file.fileName));
  checkEntries(output);
}

/** Leaves a source map the places of lines: a frame of a stack needs no more, and all columns are two thirds of it. */
function writeLines(path) {
  const map = JSON.parse(readFileSync(path, 'utf8'));
  const lines = decode(map.mappings).map((segments) => segments.slice(0, 1).map((segment) => segment.slice(0, 4)));
  writeFileSync(path, JSON.stringify({ ...map, names: [], mappings: encode(lines) }));
}

/** A chunk that took something from an entry would add to what that exports. */
function checkEntries(files) {
  const isEntry = new Map(files.map((file) => [file.fileName, file.isEntry === true]));
  const wrong = files.flatMap((file) =>
    (file.imports ?? []).filter((name) => isEntry.get(name)).map((name) => `${file.fileName} imports ${name}`),
  );
  if (wrong.length > 0) throw new Error(`Entries that others are made of:\n${wrong.join('\n')}`);
}
