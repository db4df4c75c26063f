import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { SetupFunction } from './config.js';
import { existingFile, isFolder } from './paths.js';
import type { ResolvedCommand, ResolvedSetup, ResolvedStep } from './resolved.js';
import { isRecord, Section } from './section.js';

const SQL = /\s/;
const SQL_KEYWORD = /\b(alter|begin|create|delete|drop|insert|pragma|replace|select|update|with)\b/i;

const ACCEPTED = "a .sql file's path, a function, { command: '…' }, or a list of them";
const COMMAND_KEYS = ['command', 'cwd', 'env', 'timeout'];

/** Milliseconds that a command may run unless it says otherwise: migrations of a grown app take their time. */
const TIMEOUT = 120_000;

/** Reads `schema` or `seed`: SQL files, functions and commands, in the order in which they are run. */
export function readSetup(section: Section, key: string): ResolvedSetup | undefined {
  const value = section.raw(key);
  if (value === undefined) return undefined;

  const written: readonly unknown[] = Array.isArray(value) ? value : [value];
  return Object.freeze(written.map((entry, index) => readStep(section, key, entry, Array.isArray(value) ? index : -1)));
}

function readStep(section: Section, key: string, entry: unknown, index: number): ResolvedStep {
  if (typeof entry === 'function') return Object.freeze({ kind: 'function', run: entry as SetupFunction });
  if (isRecord(entry) && 'command' in entry) {
    return readCommand(section, index < 0 ? key : `${key}[${index}]`, entry);
  }
  if (typeof entry !== 'string' || entry.trim() === '') throw section.refuse(key, ACCEPTED);

  refuseWhatIsNoPath(section, key, entry);
  return Object.freeze({
    kind: 'file',
    path: existingFile({ key: section.name(key), written: entry, source: section.source }),
  });
}

function readCommand(section: Section, key: string, entry: Record<string, unknown>): ResolvedCommand {
  const options = new Section(entry, section.name(key), section.source, COMMAND_KEYS);
  const command = options.text('command') ?? '';

  const cwd = resolve(dirname(section.source), options.text('cwd') ?? '.');
  if (!isFolder(cwd)) throw options.refuse('cwd', 'a folder', { why: `${cwd} is none.` });
  return Object.freeze({
    kind: 'command',
    command,
    cwd,
    env: readEnv(options),
    timeout: options.milliseconds('timeout') ?? TIMEOUT,
  });
}

function readEnv(section: Section): Readonly<Record<string, string>> {
  const value = section.raw('env') ?? {};
  if (!isRecord(value) || !Object.values(value).every((each) => typeof each === 'string')) {
    throw section.refuse('env', 'an object of strings, by the names of variables');
  }
  return Object.freeze({ ...value }) as Readonly<Record<string, string>>;
}

function refuseWhatIsNoPath(section: Section, key: string, entry: string): void {
  const exists = existsSync(resolve(dirname(section.source), entry));

  if (!exists && SQL.test(entry) && SQL_KEYWORD.test(entry)) {
    throw section.refuse(key, ACCEPTED, {
      value: entry,
      why: 'This looks like SQL, not like a path.',
      remedy: `Give a .sql file's path or a function: ${key}: ({ session }) => session.exec('…').`,
    });
  }
  if (!exists && /^(?:npx|npm|pnpm|yarn|node|psql|bun|deno)\s/.test(entry)) {
    throw section.refuse(key, ACCEPTED, {
      value: entry,
      why: 'This looks like a command, not like a path.',
      remedy: `Write ${key}: { command: '${entry}' }.`,
    });
  }
  if (/\.[cm]?[jt]sx?$/.test(entry)) {
    throw section.refuse(key, ACCEPTED, {
      value: entry,
      why: 'A path names a file of SQL; this one names code.',
      remedy: `Give the function itself: ${key}: async (context) => (await import('${entry}')).default(context).`,
    });
  }
}
