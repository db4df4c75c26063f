import { sandboxContract } from './sandbox.js';
import { sqliteBy } from './sandbox/sqlite.js';

sandboxContract(sqliteBy('sqlite3'));
sandboxContract(sqliteBy('better-sqlite3'));
