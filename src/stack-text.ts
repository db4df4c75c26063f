import { fileURLToPath } from 'node:url';
import { isOwnFrame } from './own-frames.js';
import { isRunnersFrame } from './runner-words.js';

/** A line of a stack that is a frame. */
const FRAME = /^\s+at\s/;

/** Frames of Node, and of the addon that waits are made with: they call code, and are none. */
const MACHINERY = /\bnode:|[\\/]node_modules[\\/]deasync[\\/]|\(native\)$/;

const LIBRARY = /[\\/]node_modules[\\/]/;

/** A place that says nothing: `at new Promise (<anonymous>)`, `at async Promise.all (index 0)`. */
const NOWHERE = /\((?:<anonymous>|index \d+)\)$/;

export function isFrame(line: string): boolean {
  return FRAME.test(line);
}

/** Whether a frame is Lockstep's, Node's or the runner's. */
export function isMachinery(frame: string): boolean {
  return isOwnFrame(frame) || MACHINERY.test(frame) || isRunnersFrame(frame);
}

/** Whether a frame is code of the user's own: no library's, nobody's. */
export function isUsersFrame(frame: string): boolean {
  return !isMachinery(frame) && !LIBRARY.test(frame) && !NOWHERE.test(frame);
}

/** `TypeError: cart is undefined`; for an error without a message those of the errors that it gathers. */
export function headline(error: unknown): string {
  if (!(error instanceof Error)) return String(error);

  const name = nameOf(error);
  const message = messageOf(error);
  return message === '' ? name : `${name}: ${message}`;
}

/** The message; for an error that has none, as the failed connection to `localhost`, those of the errors that it gathers. */
export function messageOf(error: Error): string {
  const { message } = error as { readonly message: unknown };
  if (typeof message === 'string' && message !== '') return message;

  const { errors } = error as { readonly errors?: unknown };
  const inner = Array.isArray(errors) ? errors.filter((each) => each instanceof Error) : [];
  return [...new Set(inner.map((each) => each.message))].join('; ');
}

/**
 * Where an error comes from: its frames that are the app's own, with paths from the working directory on;
 * those of the library that threw where the app has none. They begin with `in`, so that nobody takes
 * them for the stack that they are told behind.
 */
export function placesOf(error: unknown, limit: number): string[] {
  const { stack } = Object(error) as { readonly stack?: unknown };
  if (typeof stack !== 'string') return [];

  const frames = stack.split('\n').filter((line) => isFrame(line) && !isMachinery(line) && !NOWHERE.test(line));
  const users = frames.filter(isUsersFrame);
  return (users.length > 0 ? users : frames)
    .slice(0, limit)
    .map((frame) => fromHere(frame.trim()).replace(/^at /, 'in '));
}

/** The text with paths below the working directory written from there on. */
export function fromHere(text: string): string {
  const folder = process.cwd();
  const [path, url] = [`${folder}${folder.includes('\\') ? '\\' : '/'}`, HERE.exec(text)?.[0]];

  return (url === undefined ? text : text.replace(url, () => pathOf(url))).replaceAll(path, '');
}

/** The URL of a file in a frame, up to its line. */
const HERE = /file:\/\/[^\s)]+?(?=:\d+)/;

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}

function nameOf(error: Error): string {
  const { name } = error as { readonly name: unknown };
  return typeof name === 'string' && name !== '' ? name : 'Error';
}
