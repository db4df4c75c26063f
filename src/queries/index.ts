/** The statements that were sent during a test: their log, their number, and what is told of them. */

export { countQueries, expectQueries } from './count.js';
export type { Counted } from './count.js';
export { provideLog } from './current.js';
export type { QueryCount } from './expected.js';
export { repeatLine, statementLine } from './lines.js';
export { goneHint } from './gone.js';
export { QueryLog } from './log.js';
export { nPlusOneError } from './n-plus-one.js';
export type { QueryRules, RequestQueries } from './log.js';
export { NO_QUERIES } from './record.js';
export type { Queries, StatementFailure, StatementRecord } from './record.js';
export { queryReport } from './report.js';
export type { Source } from './scope-queries.js';
export { COMPLETE } from './complete.js';
