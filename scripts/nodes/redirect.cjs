// Loaded into every process of a test run on another Node: native packages in node_modules were
// compiled for the Node that installed them, so their names lead to copies that fit.
const Module = require('node:module');

const { _resolveFilename: resolve } = Module;
const fitting = JSON.parse(process.env.LOCKSTEP_FITTING);

Module._resolveFilename = function resolveFitting(request, ...rest) {
  return resolve.call(this, fitting[request] ?? request, ...rest);
};
