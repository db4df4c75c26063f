import { endingV8Work } from './v8-work.js';

/** What Node calls a resource, in words (names from src/async_wrap.h and lib/internal/timers.js). */
const WORDS: Readonly<Record<string, string>> = {
  Timeout: 'timer',
  Immediate: 'immediate',
  TCPSocketWrap: 'TCP socket',
  TCPServerWrap: 'listening TCP server',
  TCPConnectWrap: 'TCP connection being opened',
  PipeWrap: 'pipe or Unix socket',
  PipeServerWrap: 'listening Unix socket',
  PipeConnectWrap: 'Unix socket being opened',
  TTYWrap: 'terminal',
  UDPWrap: 'UDP socket',
  FSReqCallback: 'file operation',
  FSReqPromise: 'file operation',
  CloseReq: 'file operation',
  FSEventWrap: 'file watcher',
  GetAddrInfoReqWrap: 'DNS look-up',
  GetNameInfoReqWrap: 'DNS look-up',
  ProcessWrap: 'child process',
  Worker: 'worker thread',
  MessagePort: 'message port',
  ZlibContext: 'compression',
};

/** How many of each resource keep the event loop alive, by Node's name. */
type Census = Map<string, number>;

let baseline: Census = new Map();

/** What ends by itself. One in the baseline would later hide one of the app's. */
const PASSING = /^(?:Timeout|Immediate)$|Req|ConnectWrap$|^(?:Write|Shutdown)Wrap$/;

function census(): Census {
  const counts: Census = new Map();

  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/**
 * Declares everything that is open now to be no part of any app: the terminal, pipes of stdio, the
 * runner's channel to its parent process.
 */
export function takeBaseline(): void {
  // Both are made when first touched and would count as the app's afterwards.
  void process.stdout;
  void process.stderr;
  baseline = new Map([...census()].filter(([name]) => !PASSING.test(name)));
}

/** Whether anything of the baseline keeps the event loop alive, if the app does not. */
export function holdsBaseline(): boolean {
  return baseline.size > 0;
}

/**
 * What keeps the event loop alive beyond the baseline, in words: `2 timers`, `1 TCP socket`.
 *
 * @param ownTimers timers of the pump itself that Node counts at this moment
 */
export function activeResources(ownTimers = 0): string[] {
  const words: string[] = [];

  for (const [name, count] of census()) {
    const extra = count - (baseline.get(name) ?? 0) - (name === 'Timeout' ? ownTimers : 0);
    if (extra > 0) words.push(`${extra} ${WORDS[name] ?? name}${extra > 1 && WORDS[name] !== undefined ? 's' : ''}`);
  }
  return [...words, ...endingV8Work()];
}
