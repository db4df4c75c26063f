import { isObject } from './document.js';
import type { JsonObject, OpenApiDocument } from './document.js';

/** What a document says about one method of one path. */
export interface Operation {
  /** `GET /users/{id}`. */
  readonly name: string;
  /** Keys that lead to it in the document. */
  readonly path: readonly string[];
}

/** What of a document a request meets. */
export type Match =
  | { readonly kind: 'operation'; readonly operation: Operation }
  | { readonly kind: 'method'; readonly template: string; readonly methods: readonly string[] }
  | { readonly kind: 'none' };

interface Route {
  readonly template: string;
  readonly method: string;
  readonly pattern: RegExp;
  readonly operation: Operation;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace', 'query'];

/** The operations of a document, found by the request that they answer. */
export class Routes {
  /** Full paths come before those with parameters, as OpenAPI has it. */
  readonly #routes: readonly Route[];
  /** Under which the document's paths are, e.g. `/api/v1`. */
  readonly bases: readonly string[];

  constructor(document: OpenApiDocument) {
    const paths = isObject(document.root['paths']) ? document.root['paths'] : {};
    const templates = Object.keys(paths).filter((path) => path.startsWith('/'));

    this.#routes = templates.sort(byParameters).flatMap((template) => routesOf(document, template));
    this.bases = serversOf(document.root).map(basePath);
  }

  find(method: string, pathname: string): Match {
    const path = readable(pathname);
    const met = this.#routes.filter(({ pattern }) => pattern.test(path));
    const [first] = met;
    if (first === undefined) return { kind: 'none' };

    // Whoever answers GET answers HEAD.
    const route =
      met.find((each) => each.method === method) ??
      (method === 'HEAD' ? met.find((each) => each.method === 'GET') : undefined);
    if (route !== undefined) return { kind: 'operation', operation: route.operation };
    return { kind: 'method', template: first.template, methods: met.map((each) => each.method) };
  }

  /** The path templates. */
  get templates(): readonly string[] {
    return [...new Set(this.#routes.map(({ template }) => template))];
  }
}

function routesOf(document: OpenApiDocument, template: string): Route[] {
  const item = document.at(['paths', template]);
  if (item === undefined) return [];

  return METHODS.flatMap((key) => {
    const operation = item.value[key];
    if (!isObject(operation)) return [];

    const method = key.toUpperCase();
    const servers = [operation, item.value, document.root].find(
      ({ servers }) => Array.isArray(servers) && servers.length > 0,
    );
    const bases = serversOf(servers ?? {}).map((url) => patternOf(basePath(url), '[^?#]*?'));
    return {
      template,
      method,
      pattern: new RegExp(`^(?:${bases.join('|')})${patternOf(template, '[^/]+')}$`),
      operation: { name: `${method} ${template}`, path: [...item.path, key] },
    };
  });
}

function serversOf({ servers }: JsonObject): string[] {
  const urls = (Array.isArray(servers) ? servers : [])
    .map((server: unknown) => (isObject(server) ? server['url'] : undefined))
    .filter((url) => typeof url === 'string');
  return urls.length === 0 ? [''] : urls;
}

/** The path of a server's URL, which may be relative and have variables in it; without a slash at its end. */
function basePath(url: string): string {
  const path = url.replace(/^(?:[^/]*:)?\/\/[^/]*/, '').replace(/^\.?\/*/, '/');
  return path.replace(/\/+$/, '');
}

/** The source of a regular expression in which `{name}` stands for `parameter`. */
function patternOf(template: string, parameter: string): string {
  return template
    .split(/\{[^{}]*\}/)
    .map((literal) => readable(literal).replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join(parameter);
}

/** Without the percent signs that make no difference. */
function readable(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function byParameters(a: string, b: string): number {
  const [first, second] = [a, b].map((template) => template.replace(/\{[^{}]*\}/g, '\uffff')) as [string, string];
  return first < second ? -1 : Number(first > second);
}
