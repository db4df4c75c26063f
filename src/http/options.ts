import type { Readable } from 'node:stream';

/** A value of a query string or a form; `Date` is sent as ISO 8601. */
export type Scalar = string | number | bigint | boolean | Date;

/**
 * Names and values of a query string or a form. An array repeats its name; `null` and `undefined`
 * leave the name out, as axios and requests do.
 */
export type Fields = Readonly<Record<string, Scalar | readonly Scalar[] | null | undefined>>;

/** Header values by name; an array sends the header several times, `null` takes a default header away. */
export type RequestHeaders = Readonly<Record<string, string | number | readonly string[] | null>>;

/**
 * Which failures of the app a client call throws.
 *
 * - `'unhandled'` (default): an error that none of the app's own handlers turned into a response.
 *   An error that the framework answers with a status below 500 (a malformed body, say) is a response.
 * - `'5xx'`: those, and every response with a status of 500 or more.
 * - `false`: none. The framework's own 500 response is returned, with `response.serverError` set.
 *   A plain listener has no such response: its error is still thrown, as nothing could be returned.
 */
export type RaiseServerErrors = 'unhandled' | '5xx' | false;

/** `[user, password]` for Basic, a string for a Bearer token. */
export type Auth = readonly [user: string, password: string] | string;

/** Cookie values by name; `null` keeps a cookie of the jar from being sent. */
export type RequestCookies = Readonly<Record<string, string | number | boolean | null>>;

/** How the client reaches the app: without a port, or through a real one on the loopback interface. */
export type Transport = 'memory' | 'tcp';

/** Bytes of a file. A stream can be sent once. */
export type FileContent = Uint8Array | Readable | Blob;

/** A file to upload: its content alone, or with a name and a type. */
export type FileInput =
  | FileContent
  | {
      /** Bytes, a stream, or text. */
      readonly content: FileContent | string;
      /** Default: the name of a `File`, else `file`. */
      readonly filename?: string | undefined;
      /** Default: a Blob's own type, else by the name's ending, else `application/octet-stream`. */
      readonly type?: string | undefined;
    }
  | {
      /** Path of a file on disk, from the working directory. */
      readonly path: string;
      /** Default: the last part of the path. */
      readonly filename?: string | undefined;
      readonly type?: string | undefined;
    };

/** Files by field name; an array sends several under one name. */
export type Files = Readonly<Record<string, FileInput | readonly FileInput[]>>;

/** Who the app believes is asking: what `client.as` may change. */
export interface UserOptions {
  /** Sent as `authorization`; `null` takes a default away. */
  readonly auth?: Auth | null | undefined;
  /** Added to the client's own default headers. */
  readonly headers?: RequestHeaders | undefined;
  /** What the user's cookie jar holds at first. */
  readonly cookies?: RequestCookies | undefined;
  /** Put before every path: `/api/v1`, or `https://shop.test/api/v1`. */
  readonly baseUrl?: string | undefined;
  /** The IP address that the app sees as the sender's. Default `127.0.0.1`. */
  readonly clientAddress?: string | undefined;
}

/** Options of a call whose request has no body: GET, HEAD. */
export interface ReadOptions {
  /** Query parameters, added to those in the URL. */
  readonly params?: Fields | URLSearchParams | undefined;
  readonly headers?: RequestHeaders | undefined;
  /** Sent with this call only, before those of the client's jar. */
  readonly cookies?: RequestCookies | undefined;
  /** Sent as `authorization`; `null` takes the client's own away. */
  readonly auth?: Auth | null | undefined;
  /** The IP address that the app sees as the sender's. */
  readonly clientAddress?: string | undefined;
  /** Milliseconds for the whole call, redirects included. Default: what is left of the test's own timeout. */
  readonly timeout?: number | undefined;
  /** Default: the client's own setting, `'unhandled'`. */
  readonly raiseServerErrors?: RaiseServerErrors | undefined;
  /** Whether redirects within the app are followed (at most 20). Default `true`. */
  readonly followRedirects?: boolean | undefined;
  /** `false`: the answer is not compared with the OpenAPI document of the config. */
  readonly openapi?: boolean | undefined;
  /** Closes the connection when it is aborted, as a client that goes away does; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of any call; at most one of `json`, `form` (with or without `files`) and `body`. */
export interface RequestOptions extends ReadOptions {
  /** Sent as `application/json`; `null` is sent as `null`. */
  readonly json?: unknown;
  /** Sent as `application/x-www-form-urlencoded`; beside `files`, and as a FormData, as `multipart/form-data`. */
  readonly form?: Fields | URLSearchParams | FormData | undefined;
  /** Sent as `multipart/form-data`. */
  readonly files?: Files | undefined;
  /** Sent as it is: a string as `text/plain`, bytes and streams without a content type unless `headers` gives one. */
  readonly body?: string | Uint8Array | Readable | undefined;
}
