import { NestedWaitError, WaitPlaceError } from '../errors.js';
import { runnerWords } from '../runner-words.js';
import { eventLoop } from './load-pump.js';
import { state, type FrameOwner } from './state.js';

/** Whether a wait may begin here: a hop's function is on the stack and no wait is in progress. */
export function canWait(): boolean {
  return state.frame !== undefined && state.waiting === undefined;
}

/**
 * The frame whose wait may begin.
 *
 * @param instead what code inside another wait has to do, where it is not to `await` the same call
 * @throws NestedWaitError inside another wait.
 * @throws WaitPlaceError everywhere else, naming the place and the remedy.
 */
export function waitingFrame(what: string, instead?: string): FrameOwner {
  if (state.waiting !== undefined) throw nestedWait(what, state.waiting, instead);
  if (state.frame === undefined) throw wrongPlace(what);
  return state.frame;
}

function nestedWait(what: string, outer: string, instead?: string): NestedWaitError {
  return new NestedWaitError({
    what: `${what} cannot wait here: the code that called it runs while ${outer} is waiting.`,
    why: 'Code of the app, event listeners and callbacks run inside the wait of the test that called them; a second wait on top would keep the first from ever returning.',
    remedy: instead ?? 'Use `await` (or client.async, a callback) in that code, or move the call into the test itself.',
  });
}

function wrongPlace(what: string): WaitPlaceError {
  const [why, remedy] = place(awaited(what));

  return new WaitPlaceError({ what: `${what} cannot wait here.`, why, remedy });
}

/** How the same is done by code that is async anyway. */
function awaited(what: string): string {
  return what.startsWith('client.') ? `Write \`await client.async.${what.slice('client.'.length)}\`` : 'Use `await`';
}

function place(instead: string): [why: string, remedy: string] {
  const { name, install, tooEarly, hook, order } = runnerWords();
  if (state.runner === undefined) {
    return [
      'No Lockstep runner is active in this thread, so no test or hook is running under it.',
      `${install} and call it inside a test or hook (in a worker thread: use await). With \`bridge.auto: false\` or LOCKSTEP_AUTO=0 tests are left alone and have to await.`,
    ];
  }
  if (state.runner === 'loading') {
    return [
      `Test files are still being loaded: this is the top level of a file or the body of a describe(), where ${name} itself is awaiting; or ${tooEarly}.`,
      `Move the call into ${hook}, or into the test; ${order}.`,
    ];
  }
  if (inMicrotask()) {
    return [
      'This code runs after an `await`, in a .then() or in queueMicrotask(): Node cannot run other async work before it returns, so the wait could never end.',
      `${instead} here, as this function is async anyway; or make the test a plain function without async and await.`,
    ];
  }
  return [
    'This code runs in a callback (a timer, an immediate, an event listener) and not synchronously inside a test or hook; or its describe() is marked by manual().',
    `${instead} or use a callback here, or move the call into the test itself.`,
  ];
}

const resolved = Promise.resolve();

/**
 * V8 does not drain its microtask queue from inside a microtask, so a probe that was queued before
 * a drain has run after it everywhere but there.
 */
function inMicrotask(): boolean {
  let drained = false;

  void resolved.then(() => {
    drained = true;
  });
  try {
    eventLoop().tick();
  } catch {
    // An app's error in a tick must not replace the one being built; Node reports it again.
  }
  return !drained;
}
