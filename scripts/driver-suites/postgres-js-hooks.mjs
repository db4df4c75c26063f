// Loaded before postgres.js's tests. Their runner leaves out all tests behind the first that fails, and they are set up
// by psql on a server that is the run's alone: both modules are answered from here instead.
import { register } from 'node:module';

register('./postgres-js-loader.mjs', import.meta.url);
