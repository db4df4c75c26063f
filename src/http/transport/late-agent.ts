import type Http from 'node:http';
import type { Agent } from 'node:http';
import { lazily } from '../../lazily.js';

const http = lazily<typeof Http>('node:http');

/**
 * Stands for an agent that exists only while tests run.
 *
 * @param find finds it when a connection is asked for; what it throws is the failure of that request
 */
export function lateAgent(find: () => Agent): Agent {
  const agent = new (http().Agent)({ keepAlive: false });

  agent.createConnection = (options, done) => find().createConnection(options, done);
  return agent;
}
