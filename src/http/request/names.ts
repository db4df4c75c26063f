import { RequestError } from '../../errors.js';
import { describe } from './describe.js';
import { nearest } from './nearest.js';

/**
 * Refuses options that are no object, and names that are no option.
 *
 * @param given what the caller gave; it may be JavaScript, so what the types promise is checked
 * @param foreign what other clients call our options, in lower case
 * @param otherwise what an object was probably meant as in which no name is an option
 * @throws RequestError naming the option, and the nearest valid one.
 */
export function checkNames(
  label: string,
  given: unknown,
  names: readonly string[],
  foreign: Readonly<Record<string, string>> = {},
  otherwise = '',
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new RequestError({
      what: `${label}: the options are ${describe(given)}.`,
      remedy: `Give an object: { ${names.join(', ')} }.`,
    });
  }

  for (const key of Object.keys(given)) {
    if (names.includes(key)) continue;
    const known = foreign[key.toLowerCase()];
    const meant = known !== undefined && names.includes(known) ? known : nearest(key, names);
    const hint = meant === undefined ? otherwise : `Did you mean ${meant}?`;
    throw new RequestError({
      what: `${label}: there is no option ${JSON.stringify(key)}.`,
      remedy: `${hint === '' ? '' : `${hint} `}The options are ${names.join(', ')}.`,
    });
  }
}
