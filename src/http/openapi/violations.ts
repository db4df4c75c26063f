import type { OpenApiViolation } from '../../errors.js';

/** Of ajv's errors what is used here; ajv itself is there only where a document is given. */
export interface SchemaError {
  readonly keyword: string;
  /** JSON pointer. */
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string | undefined;
  readonly data?: unknown;
}

type Found = OpenApiViolation & { readonly keyword: string };

/** Keywords that only say that one of several schemas failed, whose own errors are there as well. */
const UNIONS = new Set(['oneOf', 'anyOf']);
/** Keywords by which a value shows that another branch of a union was meant. */
const BRANCHES = new Set(['type', 'const', 'enum', 'oneOf', 'anyOf']);

/** What is wrong with a value, one entry per place and reason. */
export function violationsOf(errors: readonly SchemaError[], place: 'body' | 'header'): OpenApiViolation[] {
  const found = errors.filter(({ keyword }) => keyword !== 'if').map((error) => violationOf(error, place));
  const kept = found.filter((each) => !isNoise(each, found));

  const seen = new Set<string>();
  return kept.flatMap(({ keyword: _, ...violation }) => {
    const key = `${violation.pointer} ${violation.expected}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [violation];
  });
}

/** Of a union's branches only the one is worth showing whose shape the value has. */
function isNoise({ pointer, keyword }: Found, found: readonly Found[]): boolean {
  if (!BRANCHES.has(keyword)) return false;

  const inUnion = found.some((other) => other.pointer === pointer && UNIONS.has(other.keyword));
  return inUnion && found.some((other) => other.pointer.startsWith(`${pointer}/`));
}

function violationOf(error: SchemaError, place: 'body' | 'header'): Found {
  const { keyword, instancePath, params, data } = error;
  const child = keyword === 'required' ? params['missingProperty'] : extraProperty(error);
  if (typeof child !== 'string')
    return { place, keyword, pointer: instancePath, value: data, expected: expected(error) };

  const pointer = `${instancePath}/${child.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const value = (data as Readonly<Record<string, unknown>> | undefined)?.[child];
  return keyword === 'required'
    ? { place, keyword, pointer, value: undefined, expected: 'this property' }
    : { place, keyword, pointer, value, expected: 'no such property' };
}

function extraProperty({ keyword, params }: SchemaError): unknown {
  if (keyword === 'additionalProperties') return params['additionalProperty'];
  if (keyword === 'unevaluatedProperties') return params['unevaluatedProperty'];
  return undefined;
}

function expected({ keyword, params, message }: SchemaError): string {
  switch (keyword) {
    case 'type':
      return [params['type']].flat().map(String).join(' or ');
    case 'enum':
      return `one of ${(params['allowedValues'] as unknown[]).map((each) => JSON.stringify(each)).join(', ')}`;
    case 'const':
      return JSON.stringify(params['allowedValue']);
    case 'format':
      return `format ${String(params['format'])}`;
    case 'writeOnly':
      return 'nothing: the document has it as writeOnly';
    case 'oneOf':
      return Array.isArray(params['passingSchemas'])
        ? 'a value that fits one schema of oneOf, not several'
        : 'a value that fits one schema of oneOf';
    case 'anyOf':
      return 'a value that fits a schema of anyOf';
    case 'false schema':
      return 'nothing';
    default:
      return (message ?? keyword).replace(/^must (?:be |have |match )?/, '');
  }
}
