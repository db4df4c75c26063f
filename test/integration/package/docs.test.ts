import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import ts from 'typescript';

import packageJson from 'lockstep/package.json' with { type: 'json' };
import * as errors from '#src/errors.js';

import { runMocha } from '../run-mocha.js';

const root = dirname(fileURLToPath(import.meta.resolve('lockstep/package.json')));
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);

/** A fenced block of a page. */
interface Block {
  readonly language: string;
  readonly text: string;
}

/** A block that begins with a comment naming a file, e.g. `// test/a.test.js`: it is that file. */
interface FileBlock extends Block {
  readonly path: string;
}

const FENCE = /^([ \t]*)```(\w*)\n([\s\S]*?)^\1```[ \t]*$/gm;
const FILE = /^(?:\/\/|--) ([\w./-]+\.(?:[cm]?[jt]s|json|sql))\n/;

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(FENCE)].map(([, indent = '', language = '', body = '']) => ({
    language,
    text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

function filesOf(text: string): FileBlock[] {
  return blocksOf(text).flatMap((block) => {
    const path = FILE.exec(block.text)?.[1];
    return path === undefined ? [] : [{ ...block, path }];
  });
}

function proseOf(page: string): string {
  return read(page).replaceAll(FENCE, '');
}

/** The anchors of a page, made from its headings as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();

  for (const [, heading = ''] of proseOf(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The file and anchor of a link that leads nowhere; undefined for a good one. */
function deadEnd(page: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(root, page) : resolve(root, dirname(page), path);
  if (!existsSync(file)) return target;

  return anchor === undefined || anchorsOf(relative(root, file)).has(anchor) ? undefined : target;
}

function codes(): string[] {
  const text = readFileSync(join(root, 'src/errors.ts'), 'utf8');
  return [...text.matchAll(/readonly code = '(LOCKSTEP_\w+)'/g)].map(([, code = '']) => code);
}

/** The codes of `process.emitWarning`, each once: engines may share one. */
function warnings(): string[] {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );

  const found = files.flatMap((name) => {
    const text = readFileSync(join(root, 'src', name), 'utf8');
    return [...text.matchAll(/\{ code: '(LOCKSTEP_\w+)' \}/g)].map(([, code = '']) => code);
  });
  return [...new Set(found)];
}

/** The first complaint about a file's syntax, if any. */
function syntaxError({ path, text }: FileBlock): string | undefined {
  if (path.endsWith('.json')) {
    const { error } = ts.parseConfigFileTextToJson(path, text);
    return error && ts.flattenDiagnosticMessageText(error.messageText, '\n');
  }
  if (path.endsWith('.sql')) return undefined;
  const { diagnostics = [] } = ts.transpileModule(text, { fileName: path, reportDiagnostics: true });
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))[0];
}

describe('the documentation', function () {
  this.timeout(30_000);

  it('has a heading for each code of an error or warning, and for no other', () => {
    const headings = [...proseOf('docs/troubleshooting.md').matchAll(/^## (LOCKSTEP_\w+)$/gm)].map(([, code]) => code);

    expect(headings).to.have.members([...codes(), ...warnings()]);
    expect(warnings()).to.include('LOCKSTEP_LEFT_OPEN');
    expect(codes()).to.have.length(new Set(codes()).size);
  });

  it('has an anchor where a message of an error points to', () => {
    const { message } = new errors.StallError({ what: 'x' });
    const [, page = '', anchor = ''] = /see (\S+)#(\w+)\)/.exec(message) ?? [];

    expect(anchorsOf(page)).to.include(anchor);
  });

  for (const page of pages) {
    it(`has no dead link in ${page}`, () => {
      const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
      const dead = links.filter((target) => !/^[a-z]+:/.test(target)).map((target) => deadEnd(page, target));

      expect(dead.filter((target) => target !== undefined)).to.deep.equal([]);
    });

    it(`names only entries that exist in ${page}`, () => {
      const entries = Object.keys(packageJson.exports).map((key) => key.replace('.', 'lockstep'));
      const named = [...read(page).matchAll(/(?<![\w@./-])lockstep\/[\w/.-]*\w/g)].map(([entry]) => entry);

      expect(new Set([...named, ...entries])).to.deep.equal(new Set(entries));
    });

    it(`has only files that parse in ${page}`, () => {
      const wrong = filesOf(read(page)).flatMap((file) => {
        const error = syntaxError(file);
        return error === undefined ? [] : [`${file.path}: ${error}`];
      });

      expect(wrong).to.deep.equal([]);
    });
  }

  it('has a guide whose files run and print what it shows', async () => {
    // What comes after that heading are the same files once more, in other forms.
    const [guide = ''] = read('docs/getting-started.md').split('\n## TypeScript\n');
    // Inside the repository, so that the files find its packages.
    mkdirSync(join(root, '.build'), { recursive: true });
    const folder = mkdtempSync(join(root, '.build', 'guide-'));

    try {
      for (const { path, text } of filesOf(guide)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text.replace(/^\/\/ .*\.json\n/, ''));
      }
      const run = await runMocha(folder, ['test/**/*.test.js']);
      const shown = [...guide.matchAll(/^ {4}✔ (.+)$/gm)].map(([, title]) => title);

      expect(run.failed).to.deep.equal([]);
      expect(run.tests.map(({ title }) => title)).to.have.members(shown);
      expect(existsSync(join(folder, 'data.sqlite3'))).to.equal(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
