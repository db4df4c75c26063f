import { inLongRun } from '../integration/long-run.js';
import { type Chapter, sandboxContract } from './sandbox.js';
import { postgresBy } from './sandbox/postgres.js';

sandboxContract(postgresBy('in-thread', 'builtin'));
sandboxContract(postgresBy('worker', 'builtin'));
sandboxContract(
  postgresBy('worker', 'pg-native'),
  inLongRun<Chapter>(['ends', 'layers', 'losses'], ['sharing', 'turns', 'functions', 'identities', 'runs']),
);
