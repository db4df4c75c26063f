/** What the environment decides, read once when the app starts. */

const DEVELOPMENT_KEY = '6c6f636b737465702d6578616d706c652d6f6e6c792d6e6f742d736563726574';

/** A variable that production must set; everywhere else the fallback will do. */
function required(name: string, fallback: string): string {
  const value = process.env[name];

  if (value === undefined && process.env['NODE_ENV'] === 'production') {
    throw new Error(`Set the environment variable ${name}: production has no default for it.`);
  }

  return value ?? fallback;
}

export const settings = Object.freeze({
  port: Number(process.env['PORT'] ?? 3000),
  logLevel: process.env['LOG_LEVEL'] ?? 'warn',
  databaseUrl: process.env['DATABASE_URL'] ?? 'postgres://localhost/providers',
  /** Keys that clients send as `Authorization: Bearer …`. */
  apiKeys: required('API_KEYS', 'development-key').split(','),
  /** 32 bytes, written as 64 hexadecimal digits. */
  encryptionKey: Buffer.from(required('ENCRYPTION_KEY', DEVELOPMENT_KEY), 'hex'),
});
