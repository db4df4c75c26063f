/** Startup parameters that are no settings. */
const NO_SETTING: ReadonlySet<string> = new Set(['user', 'database', 'replication', 'options', 'host']);

/** The settings that a startup message asks for, by their names in lower case. */
export function startupSettings(parameters: ReadonlyMap<string, string>): Map<string, string> {
  const settings = new Map<string, string>();

  for (const [name, value] of parameters) {
    if (name === 'options') for (const [option, set] of readOptions(value)) settings.set(option, set);
    else if (!NO_SETTING.has(name) && !name.startsWith('_pq_.')) settings.set(name.toLowerCase(), value);
  }
  return settings;
}

/** The settings of the startup option `options`: `-c name=value --name=value`, a backslash before spaces. */
function readOptions(text: string): [name: string, value: string][] {
  const words = (text.match(/(?:\\.|[^\s\\])+/g) ?? []).map((word) => word.replace(/\\(.)/g, '$1'));
  const settings: [string, string][] = [];

  for (let at = 0; at < words.length; at += 1) {
    let word = words[at] ?? '';
    if (word === '-c') word = words[(at += 1)] ?? '';
    else if (word.startsWith('--')) word = word.slice(2).replaceAll('-', '_');
    else if (word.startsWith('-c')) word = word.slice(2);
    else continue;
    const equals = word.indexOf('=');
    if (equals > 0) settings.push([word.slice(0, equals).toLowerCase(), word.slice(equals + 1)]);
  }
  return settings;
}
