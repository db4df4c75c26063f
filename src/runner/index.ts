/** What tests use while a runner runs them. */

export { client, session } from './facade.js';
