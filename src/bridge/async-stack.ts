/** The fields of Node's internal async_wrap binding that make up the async id stack (lib/internal/async_hooks.js). */
interface AsyncWrap {
  readonly async_hook_fields: Uint32Array;
  readonly async_id_fields: Float64Array;
  readonly async_ids_stack: Float64Array;
  readonly execution_async_resources: unknown[];
  executionAsyncResource(index: number): unknown;
}

const STACK_LENGTH = 7;
const EXECUTION_ID = 0;
const TRIGGER_ID = 1;

/**
 * The place in the async id stack at which a wait began.
 *
 * On Node 20 and 22 AsyncLocalStorage keeps its stores on that stack, and Node empties it after
 * each uncaught exception (`onGlobalUncaughtException` in lib/internal/process/execution.js), even
 * one that was captured while a wait was pumping. From Node 24 on the stores live in V8's
 * continuation data and nothing has to be put back.
 */
export class AsyncStackMark {
  readonly #wrap: AsyncWrap | undefined = asyncWrap();
  readonly #length: number;
  readonly #executionId: number;
  readonly #triggerId: number;
  #kept: { readonly ids: Float64Array; readonly resources: readonly unknown[] } | undefined;

  constructor() {
    const wrap = this.#wrap;

    this.#length = wrap?.async_hook_fields[STACK_LENGTH] ?? 0;
    this.#executionId = wrap?.async_id_fields[EXECUTION_ID] ?? 0;
    this.#triggerId = wrap?.async_id_fields[TRIGGER_ID] ?? 0;
  }

  /** Copies what lies below the mark. To be called before Node empties the stack. */
  keep(): void {
    const wrap = this.#wrap;
    if (wrap === undefined || (wrap.async_hook_fields[STACK_LENGTH] ?? 0) < this.#length) return;

    this.#kept ??= {
      ids: wrap.async_ids_stack.slice(0, this.#length * 2),
      resources: Array.from({ length: this.#length }, (_, index) => resourceAt(wrap, index)),
    };
  }

  /** Puts back what `keep` copied, if Node emptied the stack since. */
  restore(): void {
    const wrap = this.#wrap;
    const kept = this.#kept;
    if (wrap === undefined || kept === undefined) return;

    const { async_hook_fields: fields, async_id_fields: ids } = wrap;
    if ((fields[STACK_LENGTH] ?? 0) >= this.#length) return;
    wrap.async_ids_stack.set(kept.ids);
    kept.resources.forEach((resource, index) => (wrap.execution_async_resources[index] = resource));
    fields[STACK_LENGTH] = this.#length;
    ids[EXECUTION_ID] = this.#executionId;
    ids[TRIGGER_ID] = this.#triggerId;
  }
}

function resourceAt(wrap: AsyncWrap, index: number): unknown {
  return wrap.execution_async_resources[index] ?? wrap.executionAsyncResource(index) ?? {};
}

let binding: AsyncWrap | null | undefined;

function asyncWrap(): AsyncWrap | undefined {
  if (binding === undefined) binding = loadAsyncWrap();
  return binding ?? undefined;
}

function loadAsyncWrap(): AsyncWrap | null {
  if (Number(process.versions.node.split('.')[0]) >= 24) return null;

  const { noDeprecation } = process;
  // Node 22 warns of process.binding; the user can do nothing about it.
  process.noDeprecation = true;
  try {
    const wrap = (process as unknown as { binding(name: string): AsyncWrap }).binding('async_wrap');

    return wrap.async_hook_fields.length === 9 && Array.isArray(wrap.execution_async_resources) ? wrap : null;
  } catch {
    // Without the internals a store is lost after an app error, nothing worse.
    return null;
  } finally {
    process.noDeprecation = noDeprecation ?? false;
  }
}
