import { readUser } from '../../shared.js';
import { AUTHENTICATION_OK, CLEARTEXT_PASSWORD, keyData, SSL_REFUSED } from '../../wire/backend.js';
import { Front, readOpening } from '../../wire/frontend.js';
import type { Frame } from '../../wire/frontend-reader.js';
import { isEndingTimeout, readDuration } from '../ending-timeouts.js';
import type { Login, Refusal } from '../hub/logins.js';
import { configuring, setting, withTimeout } from '../session-state.js';
import { COSMETIC } from './borrowed.js';
import type { Dialogue } from './dialogue.js';
import type { ReportedSettings } from './reported-settings.js';
import { startupSettings } from './startup-settings.js';

const PROTOCOL_3 = 3;
const OWN = { role: undefined, reader: false } as const;
const ONE_DATABASE = 'A sandbox is one database: it leads to no other one of its server.';

/** How a client is let in: its startup message, and its password where one is asked for. */
export class Greeting {
  readonly #dialogue: Dialogue;
  readonly #reported: ReportedSettings;
  readonly #password: string | undefined;
  #parameters: ReadonlyMap<string, string> = new Map();

  constructor(dialogue: Dialogue, reported: ReportedSettings, password: string | undefined) {
    this.#dialogue = dialogue;
    this.#reported = reported;
    this.#password = password;
  }

  /** The first messages, before any has a type. */
  open(frame: Frame): void {
    const { client, hub } = this.#dialogue;
    const opening = readOpening(frame);
    switch (opening.kind) {
      case 'ssl':
        client.send(SSL_REFUSED);
        return;
      case 'cancel':
        hub.cancel(opening.processId, opening.secretKey);
        // Whoever has seen the end of its request may go on: nothing that it sends now is cancelled.
        hub.link.whenCancelled(() => client.hang());
        return;
      case 'startup':
        break;
    }
    if (opening.version >>> 16 !== PROTOCOL_3) {
      const version = `${opening.version >>> 16}.${opening.version & 0xffff}`;
      client.tellFatal('0A000', `unsupported frontend protocol ${version}: server supports 3.0 to 3.0`);
      return client.hang();
    }
    const replication = opening.parameters.get('replication') ?? 'false';
    if (!/^(?:false|off|no|0)$/i.test(replication)) {
      client.tellFatal('0A000', 'A sandbox has no replication.');
      return client.hang();
    }

    client.started();
    this.#parameters = opening.parameters;
    const wrong = [...startupSettings(opening.parameters)].find(
      ([name, value]) => isEndingTimeout(name) && readDuration(value) === undefined,
    );
    if (wrong !== undefined) {
      client.tellFatal('22023', `invalid value for parameter "${wrong[0]}": "${wrong[1]}"`);
      return client.hang();
    }
    if (this.#password === undefined) return this.#welcome();
    this.#dialogue.phase = 'password';
    client.send(CLEARTEXT_PASSWORD);
  }

  checkPassword(frame: Frame): void {
    const { client } = this.#dialogue;
    const given = frame.bytes.subarray(5, -1).toString();
    if (frame.type === Front.password && given === this.#password) return this.#welcome();

    const message = "The sandbox's password is in the URL that the config's database.env or swap hands out.";
    client.tellFatal('28P01', message);
    client.hang();
  }

  /** Lets the client in, if it is somebody and means this database. */
  #welcome(): void {
    const { client, hub } = this.#dialogue;
    const { link } = hub;
    if (hub.isOwn(this.#parameters)) {
      client.own = true;
      hub.turns.ownCame(client);
    }

    const database = this.#parameters.get('database') ?? hub.database;
    if (client.own || database === hub.database) return this.#logIn(database);
    // The server may call it otherwise than the app's URL.
    this.#dialogue.blocked = true;
    link.whenOpen((lost) => {
      if (lost !== undefined || database !== link.database)
        return this.#refuse({ code: '3D000', message: `database "${database}" does not exist`, detail: ONE_DATABASE });
      this.#logIn(database);
    });
  }

  #logIn(database: string): void {
    const { client, emulation, hub } = this.#dialogue;
    const { role, reader } = client.own ? OWN : readUser(this.#parameters.get('user') ?? '');
    emulation.reader = reader;

    this.#dialogue.blocked = true;
    let atOnce = true;
    hub.logins.look(role, database, (found) => {
      if ('message' in found) return this.#refuse(found);
      if (this.#dialogue.phase === 'closed') return;
      this.#letIn(found);
      this.#dialogue.blocked = false;
      if (!atOnce) client.pump();
    });
    atOnce = false;
  }

  #refuse({ code, message, detail, routine }: Refusal): void {
    const { client } = this.#dialogue;
    if (this.#dialogue.phase === 'closed') return;

    client.tellFatal(code, message, {
      ...(detail !== undefined && { D: detail }),
      ...(routine !== undefined && { R: routine }),
    });
    client.hang();
  }

  #letIn(login: Login): void {
    const { client, hub } = this.#dialogue;
    if (!client.own) hub.noticeboard.welcomed();
    const settings = this.#adopt(login);
    this.#dialogue.phase = 'ready';
    client.send(AUTHENTICATION_OK);
    for (const [name, value] of hub.link.defaults) this.#reported.tell(name, settings.get(name.toLowerCase()) ?? value);
    client.send(keyData(client.processId, client.secretKey));
    this.#dialogue.ready();
  }

  /** Settings that came with the startup message are the client's own, until it changes them. */
  #adopt({ role, superuser, inheritance, values }: Login): ReadonlyMap<string, string> {
    const { emulation, hub } = this.#dialogue;
    const settings = startupSettings(this.#parameters);
    // Before the first scope transactions are real, and then it is the setting that keeps it from writing.
    if (emulation.reader) settings.set('default_transaction_read_only', 'on');

    // The relay keeps notices from the session, whatever the server sends; see Borrowed.
    if (this.#dialogue.client.own) for (const name of COSMETIC) settings.delete(name);

    const real = new Map([...hub.link.defaults].map(([name, value]) => [name.toLowerCase(), value]));
    emulation.logIn(role, superuser, inheritance);
    for (const [name, value] of settings) {
      if (isEndingTimeout(name)) emulation.state = withTimeout(emulation.state, name, readDuration(value) ?? 0, false);
      else if (name === 'client_encoding' && /^'?utf-?8'?$/i.test(value)) settings.delete(name);
      else if (real.get(name) === value && !emulation.state.settings.has(name)) settings.delete(name);
      else emulation.state = setting(emulation.state, name, configuring(name, value));
    }
    emulation.staged = emulation.state;
    emulation.defaults = emulation.state.settings;
    emulation.defaultTimeouts = emulation.state.timeouts;
    emulation.inherit(hub.link.inheritance);
    const told = new Map([...values, ...settings]);
    return role === undefined
      ? told
      : told.set('session_authorization', role).set('is_superuser', superuser ? 'on' : 'off');
  }
}
