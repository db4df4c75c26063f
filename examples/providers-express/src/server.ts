import { app } from './app.js';
import { db } from './db.js';
import { migrate } from './migrate.js';
import { settings } from './settings.js';

await migrate();

const server = app.listen(settings.port, (error) => {
  if (error) throw error;

  console.log(`Providers at http://localhost:${settings.port}/api/v1/providers`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => server.close(() => void db.destroy()));
}
