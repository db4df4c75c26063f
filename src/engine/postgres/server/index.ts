/** The servers of the Postgres engine: where they are, how they are started, how one connects. */

export { connectUpstream } from './connect-upstream.js';
export type { RawConnection } from './connect-upstream.js';
export { openServer } from './open-server.js';
export type { ServerOptions } from './open-server.js';
export { resolveUpstream } from './resolve-upstream.js';
export type { EmbeddedOptions } from './embedded/options.js';
export type { Server } from './server.js';
export { describeUpstream } from './upstream.js';
export type { TlsMode, Upstream, UpstreamTls } from './upstream.js';
