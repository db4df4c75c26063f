import { Server as HttpServer } from 'node:http';
import { Server as NetServer } from 'node:net';

/**
 * Whether `value` is an `Http2Server` or `Http2SecureServer`. Node exports no class to ask for: they are
 * known by the settings that every HTTP/2 server has (docs: server.updateSettings).
 */
export function isHttp2Server(value: unknown): value is HttpServer {
  return value instanceof NetServer && !(value instanceof HttpServer) && 'updateSettings' in value;
}
