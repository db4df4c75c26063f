import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import pg from 'pg';

/*
 * What the relay's worker loads in these tests: connections to the tests' server. The stream is that
 * of a pg client, which has done the talking up to the first ReadyForQuery.
 */

interface Raw {
  readonly stream: Duplex;
  readonly parameters: Map<string, string>;
  readonly processId: number;
  readonly secretKey: number;
  readonly path: string | undefined;
  cancel(): Promise<void>;
}

interface Inside {
  readonly connection: { readonly stream: Duplex; on(event: string, listener: (message: never) => void): void };
  readonly processID: number;
  readonly secretKey: number;
}

export function openServer(upstream: pg.ClientConfig): Promise<{ upstream: pg.ClientConfig; stop(): Promise<void> }> {
  return Promise.resolve({ upstream, stop: () => Promise.resolve() });
}

export async function connectUpstream(config: pg.ClientConfig): Promise<Raw> {
  const client = new pg.Client(config);
  const inside = client as unknown as Inside;
  const parameters = new Map<string, string>();
  inside.connection.on('parameterStatus', ({ parameterName, parameterValue }: Record<string, string>) =>
    parameters.set(parameterName ?? '', parameterValue ?? ''),
  );
  await client.connect();

  const { stream } = inside.connection;
  stream.removeAllListeners();
  return {
    stream,
    parameters,
    processId: inside.processID,
    secretKey: inside.secretKey,
    path: `${config.host ?? ''}/.s.PGSQL.${config.port ?? 5432}`,
    cancel: () => cancel(config, inside),
  };
}

function cancel({ host, port }: pg.ClientConfig, { processID, secretKey }: Inside): Promise<void> {
  const request = Buffer.alloc(16);
  for (const [index, value] of [16, 80877102, processID, secretKey].entries()) request.writeInt32BE(value, index * 4);

  return new Promise((resolve, reject) => {
    const stream = connect(`${host ?? ''}/.s.PGSQL.${port ?? 5432}`);
    stream.on('error', reject);
    stream.on('close', () => resolve());
    stream.resume();
    stream.end(request);
  });
}
