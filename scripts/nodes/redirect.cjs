// Loaded into every process of a test run on another Node: better-sqlite3 in node_modules was
// compiled for the Node that installed it, so the name leads to a copy that fits.
const Module = require('node:module');

const { _resolveFilename: resolve } = Module;

Module._resolveFilename = function resolveFitting(request, ...rest) {
  return resolve.call(this, request === 'better-sqlite3' ? process.env.LOCKSTEP_FITTING_SQLITE : request, ...rest);
};
