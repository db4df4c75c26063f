/**
 * JSON schemas of what clients send. Each field's description completes "must be …" in an answer of 422.
 *
 * Fields that a schema does not know are left out, by `additionalProperties: false`: what arrives goes into a query.
 */

// Postgres stores no U+0000 in a text.
const text = {
  type: 'string',
  pattern: '^[^\\s\\0]([^\\0]*[^\\s\\0])?$',
  description: 'a text that is not empty, without spaces around it',
};

const country = { type: 'string', pattern: '^[A-Z]{2}$', description: 'a country code of two capital letters' };
const status = { enum: ['active', 'suspended'], description: 'active or suspended' };
const provider = { name: text, country, status };

export const newProvider = {
  type: 'object',
  required: ['name', 'country'],
  properties: provider,
  additionalProperties: false,
};

export const newProviders = { type: 'array', maxItems: 100, items: newProvider, description: 'a list of at most 100' };

export const providerChanges = { type: 'object', properties: provider, additionalProperties: false };

/** The filter and the page of a list. */
export const providerList = {
  type: 'object',
  properties: {
    country,
    status,
    page: { type: 'integer', minimum: 1, maximum: 1e6, default: 1, description: 'a whole number from 1 to 1000000' },
    perPage: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 20,
      description: 'a whole number from 1 to 100',
    },
  },
  additionalProperties: false,
};

export const newConnection = { type: 'object', required: ['accountRef'], properties: { accountRef: text } };

export const callback = { type: 'object', required: ['state', 'code'], properties: { state: text, code: text } };

/** The id in a path: one that an integer column can hold. */
export const id = { type: 'object', properties: { id: { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1 } } };
