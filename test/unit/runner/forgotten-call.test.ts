import { expect } from 'chai';
import { forgottenCall } from '#src/runner/forgotten-call.js';

describe('the call that a test did not wait for', () => {
  const cases: readonly [title: string, source: string, running: string[], found: string | undefined][] = [
    ['is the only bare one', "() => {\n  createUser('a');\n}", [], 'createUser(…)'],
    ['may be a method', '() => { users.create(1); }', [], 'users.create(…)'],
    ['may be all that an arrow function does', '() => createUser(1)', [], 'createUser(…)'],
    ['may be given to a variable', '() => { const user = createUser(); expect(1); }', [], 'createUser(…)'],
    ['is the one that runs, of several', '() => {\n  a();\n  b.c();\n}', ['x', 'c'], 'b.c(…)'],
    ['is not told of several', '() => {\n  a();\n  b();\n}', [], undefined],
    ['is no call that is waited for', 'async () => { await a(); sync(b()); return c(); }', [], undefined],
    [
      'is nothing that waits by itself',
      "() => { client.get('/'); session.insert('t', {}); expect(1); }",
      [],
      undefined,
    ],
    ['is no timer', '() => { setTimeout(() => session.run(1), 5); }', [], undefined],
    ['is no statement of the language', '() => {\n  if (x) {}\n  for (;;) {}\n}', [], undefined],
  ];

  for (const [title, source, running, found] of cases)
    it(title, () => expect(forgottenCall(source, running)).to.equal(found));
});
