import { UserJar } from './jar.js';
import type { JarContent } from './jar.js';

/**
 * The jars of all users, scope by scope. Cookies behave as rows do: what the hooks of a `describe`
 * bring in is there for all its tests, what a test brings in is gone at its end.
 */
export class JarStack {
  readonly #jars = new Set<UserJar>();
  readonly #scopes: ReadonlyMap<UserJar, JarContent>[] = [];

  newJar(): UserJar {
    const jar = new UserJar();
    this.#jars.add(jar);
    return jar;
  }

  begin(): void {
    this.#scopes.push(new Map([...this.#jars].map((jar) => [jar, jar.content])));
  }

  end(): void {
    const before = this.#scopes.pop();
    if (before === undefined) return;

    for (const jar of this.#jars) {
      const content = before.get(jar);
      if (content !== undefined || jar.content !== undefined) jar.content = content;
      // Made inside the scope: whoever made it has no use for it any more.
      if (!before.has(jar)) this.#jars.delete(jar);
    }
  }
}
