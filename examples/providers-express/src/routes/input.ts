/** Turns what a client sent into what the services take, or says which fields are wrong. */

import { NotFoundError, ValidationError } from '../errors.js';
import type { Page, ProviderFilter, ProviderInput, ProviderStatus } from '../models/provider.js';

type Fields = Readonly<Record<string, unknown>>;
type Rule<T> = (value: unknown) => T | undefined;
type Rules<T> = { readonly [K in keyof T]-?: readonly [rule: Rule<T[K]>, complaint: string] };

const text: Rule<string> = (value) => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined);
const country: Rule<string> = (value) => (typeof value === 'string' && /^[A-Z]{2}$/.test(value) ? value : undefined);
const status: Rule<ProviderStatus> = (value) => (value === 'active' || value === 'suspended' ? value : undefined);

function wholeNumber(least: number, most: number): Rule<number> {
  return (value) => {
    const number = Number(value);

    return Number.isInteger(number) && number >= least && number <= most ? number : undefined;
  };
}

const PROVIDER: Rules<Required<ProviderInput>> = {
  name: [text, 'must be a text that is not empty'],
  country: [country, 'must be a country code of two capital letters'],
  status: [status, 'must be active or suspended'],
};

/** The fields that are there, each checked; `mandatory` ones must be. */
function read<T extends object>(input: unknown, rules: Rules<T>, mandatory: readonly (keyof T)[]): Partial<T> {
  const fields: Fields = typeof input === 'object' && input !== null ? (input as Fields) : {};
  const values: Partial<T> = {};
  const complaints: Record<string, string> = {};

  for (const name of Object.keys(rules) as (keyof T & string)[]) {
    if (fields[name] === undefined && !mandatory.includes(name)) continue;

    const [rule, complaint] = rules[name];
    const value = rule(fields[name]);
    if (value === undefined) complaints[name] = complaint;
    else values[name] = value;
  }

  if (Object.keys(complaints).length > 0) throw new ValidationError(complaints);

  return values;
}

/** @throws ValidationError */
export function newProvider(body: unknown): ProviderInput {
  return read(body, PROVIDER, ['name', 'country']) as ProviderInput;
}

/** @throws ValidationError */
export function newProviders(body: unknown): ProviderInput[] {
  if (!Array.isArray(body)) throw new ValidationError({ body: 'must be a list of providers' });

  return body.map(newProvider);
}

/** @throws ValidationError when a field is wrong or there is none. */
export function providerChanges(body: unknown): Partial<ProviderInput> {
  const changes = read(body, PROVIDER, []);
  if (Object.keys(changes).length === 0) throw new ValidationError({ body: 'must name at least one field to change' });

  return changes;
}

/** @throws ValidationError */
export function providerFilter(query: unknown): ProviderFilter {
  return read<Required<ProviderFilter>>(query, { country: PROVIDER.country, status: PROVIDER.status }, []);
}

/** @throws ValidationError */
export function page(query: unknown): Page {
  const rules: Rules<Page> = {
    page: [wholeNumber(1, Number.MAX_SAFE_INTEGER), 'must be a whole number from 1'],
    perPage: [wholeNumber(1, 100), 'must be a whole number from 1 to 100'],
  };

  return { page: 1, perPage: 20, ...read(query, rules, []) };
}

/** @throws ValidationError */
export function accountRef(body: unknown): string {
  const rules: Rules<{ accountRef: string }> = { accountRef: [text, 'must be a text that is not empty'] };

  return read(body, rules, ['accountRef']).accountRef!;
}

/** @throws ValidationError */
export function callback(query: unknown): { state: string; code: string } {
  const rules: Rules<{ state: string; code: string }> = {
    state: [text, 'is missing'],
    code: [text, 'is missing'],
  };

  return read(query, rules, ['state', 'code']) as { state: string; code: string };
}

/** @throws NotFoundError: what is not a number names nothing. */
export function id(value: string | undefined): number {
  const number = wholeNumber(1, Number.MAX_SAFE_INTEGER)(value);
  if (number === undefined) throw new NotFoundError(`There is nothing with the id ${value}.`);

  return number;
}
