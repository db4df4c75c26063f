import { expect } from 'chai';
import fc from 'fast-check';
import { client } from './messages.js';
import { type Actor, Scene } from './scene.js';

/** What happens next: a client sends a unit or a part of one, the server answers, a test ends. */
type Event =
  | { readonly kind: 'unit'; readonly who: number; readonly parts: readonly Part[] }
  | { readonly kind: 'answer' }
  | { readonly kind: 'leave'; readonly who: number }
  | { readonly kind: 'scope' };

const PARTS = {
  read: client.query('select 1'),
  write: client.query('insert into items values (1)'),
  fail: client.query('select fail'),
  begin: client.query('begin'),
  commit: client.query('commit'),
  rollback: client.query('rollback'),
  listen: client.query('listen shop'),
  parse: client.parse('', 'select 1'),
  parseNamed: client.parse('one', 'insert into items values (1)'),
  parseBad: client.parse('', 'bad'),
  parseFailing: client.parse('', 'select fail'),
  parseBegin: client.parse('', 'begin'),
  parseCommit: client.parse('', 'commit'),
  bind: client.bind('', ''),
  bindNamed: client.bind('', 'one'),
  execute: client.execute(''),
  flush: client.flush,
  sync: client.sync,
} as const;
type Part = keyof typeof PARTS;

const part = fc.constantFrom(...(Object.keys(PARTS) as Part[]));
const batch = fc.constantFrom<readonly Part[]>(
  ['parse', 'bind', 'execute', 'sync'],
  ['parseNamed', 'bindNamed', 'execute', 'sync'],
  ['parseFailing', 'bind', 'execute', 'sync'],
  ['parseBad', 'bind', 'execute', 'sync'],
  ['parseBegin', 'bind', 'execute', 'parse', 'bind', 'execute', 'parseCommit', 'bind', 'execute', 'sync'],
);
const who = fc.nat({ max: 2 });
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('unit' as const), who, parts: batch }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('unit' as const),
      who,
      parts: fc.array(part, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ kind: 'answer' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), who }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'scope' as const }) },
);

describe('the relay and the server', () => {
  it('stay in step, whatever clients send and whenever the server answers; nobody is left without an answer', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 40 }), (events) => {
        const scene = new Scene();
        const actors = [0, 1, 2].map(() => scene.enter());
        scene.prompt = false;
        scene.begin();
        for (const one of events) happen(scene, actors, one);

        // Whoever is amid a batch ends it; whoever has a transaction open ends that, too.
        scene.prompt = true;
        finishAnswers(scene);
        for (const actor of actors) actor.send(client.sync);
        for (let round = 0; round < 3; round += 1) {
          for (const actor of actors) actor.send(PARTS.rollback);
          finishAnswers(scene);
        }
        for (const actor of actors) {
          if (actor.ended) continue;
          actor.told();
          actor.send(PARTS.read);
          finishAnswers(scene);
          expect(actor.told()).to.deep.equal(['T', 'C select', 'Z I']);
        }
        expect(scene.end()).to.equal(undefined);
      }),
      { numRuns: 400 },
    );
  });
});

function happen(scene: Scene, actors: Actor[], one: Event): void {
  switch (one.kind) {
    case 'unit':
      actors[one.who]?.send(...one.parts.map((name) => PARTS[name]));
      return;
    case 'answer':
      scene.answer();
      scene.settle();
      return;
    case 'leave':
      actors[one.who]?.leave();
      actors[one.who] = scene.enter();
      return;
    case 'scope': {
      const ended = scene.ending();
      finishAnswers(scene);
      expect(ended(), 'what the scope ended with').to.equal(undefined);
      scene.begin();
    }
  }
}

/** The server answers all that it has got, and what comes of that. */
function finishAnswers(scene: Scene): void {
  for (let round = 0; round < 50; round += 1) {
    scene.answer();
    scene.settle();
  }
}
