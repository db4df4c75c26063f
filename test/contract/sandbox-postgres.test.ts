import { sandboxContract } from './sandbox.js';
import { postgresBy } from './sandbox/postgres.js';

sandboxContract(postgresBy('in-thread', 'builtin'));
sandboxContract(postgresBy('worker', 'builtin'));
sandboxContract(postgresBy('worker', 'pg-native'));
