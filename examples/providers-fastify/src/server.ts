import { app } from './app.js';
import { migrate } from './migrate.js';
import { settings } from './settings.js';

await migrate();
await app.listen({ port: settings.port });

console.log(`Providers at http://localhost:${settings.port}/api/v1/providers`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void app.close());
}
