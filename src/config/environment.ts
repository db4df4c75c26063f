import type { Section } from './section.js';

/** Reads `env`: the names of environment variables. `holds` says what their value will be. */
export function readEnv(section: Section, holds: string): readonly string[] {
  const names = section.texts('env') ?? [];

  // A system may allow more; what has these is a value, a path or a URL.
  const wrong = names.find((name) => /[=\s:/\\]/.test(name));
  if (wrong !== undefined) {
    throw section.refuse('env', 'the names of environment variables', {
      value: wrong,
      remedy: `Give the name only, as the app reads it; its value is ${holds}.`,
    });
  }
  return Object.freeze([...names]);
}
