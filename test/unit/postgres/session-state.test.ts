import { expect } from 'chai';
import fc from 'fast-check';
import { quoteLiteral, quoteName } from '#src/engine/postgres/relay/quote.js';
import {
  afterCommit,
  changeSettings,
  commitHasWork,
  FRESH,
  setting,
} from '#src/engine/postgres/relay/session-state.js';
import { startupSettings } from '#src/engine/postgres/relay/client/startup-settings.js';

const settings = fc
  .dictionary(fc.constantFrom('timezone', 'role', 'search_path', 'shop.tenant'), fc.constantFrom('a', 'b', 'c'))
  .map((values) => new Map(Object.entries(values).map(([name, value]) => [name, `set ${name} to ${value}`])));

describe('a client’s settings', () => {
  it('are brought back from anybody else’s, and nothing is sent for what is the same', () => {
    fc.assert(
      fc.property(settings, settings, (from, to) => {
        const server = new Map(from);
        for (const { sql } of changeSettings(from, to)) {
          const reset = /^RESET (.*)$/.exec(sql)?.[1]?.replaceAll('"', '').toLowerCase();
          if (reset === undefined) server.set(sql.split(' ')[1] ?? '', sql);
          else server.delete(reset);
        }
        expect(server).to.deep.equal(to);
        expect(changeSettings(to, new Map(to))).to.deep.equal([]);
      }),
    );
  });

  it('keep the order in which they were made: a role may decide on what follows', () => {
    const first = setting(setting(FRESH, 'role', 'set role a'), 'timezone', 'set timezone to 1');
    const then = setting(first, 'role', 'set role b');
    expect([...then.settings.keys()]).to.deep.equal(['timezone', 'role']);
    expect(FRESH.settings.size).to.equal(0);
  });

  it('of a transaction end with it, and give the commit something to do', () => {
    const state = { ...FRESH, local: new Set(['timezone']), listens: new Set(['shop']) };
    expect(commitHasWork(state)).to.equal(true);
    expect(commitHasWork({ ...FRESH, listens: state.listens })).to.equal(false);
    expect(afterCommit(state)).to.deep.equal({ ...FRESH, listens: state.listens });
  });

  const STARTUPS: readonly (readonly [options: string, settings: Readonly<Record<string, string>>])[] = [
    ['-c geqo=off', { geqo: 'off' }],
    ['-cgeqo=off --Search-Path=a,b', { geqo: 'off', search_path: 'a,b' }],
    ['-c application_name=the\\ shop', { application_name: 'the shop' }],
    ['-c', {}],
    ['-c nothing', {}],
    ['-v --', {}],
    ['-c a=b=c', { a: 'b=c' }],
  ];
  for (const [options, expected] of STARTUPS) {
    it(`from the startup option "${options}"`, () => {
      const found = startupSettings(
        new Map([
          ['user', 'app'],
          ['options', options],
          ['DateStyle', 'ISO'],
        ]),
      );
      expect(Object.fromEntries(found)).to.deep.equal({ ...expected, datestyle: 'ISO' });
    });
  }
});

describe('quoting', () => {
  const LITERALS: readonly (readonly [text: string, quoted: string])[] = [
    ['', "''"],
    ["it's", "'it''s'"],
    ['a\\b', " E'a\\\\b'"],
    ["\\'", " E'\\\\'''"],
  ];
  for (const [text, quoted] of LITERALS)
    it(`of ${JSON.stringify(text)}`, () => expect(quoteLiteral(text)).to.equal(quoted));

  it('of names', () => {
    expect(quoteName('a"b')).to.equal('"a""b"');
  });
});
