/** A handle of Node, or the object that owns one. */
export interface Holder {
  readonly _handle?: Holder;
  ref?(): unknown;
  unref?(): unknown;
}

/** Handles that keep the process alive; each is one of the baseline if nothing else is open. */
export function openHandles(): Holder[] {
  const { _getActiveHandles: active } = process as unknown as { _getActiveHandles?: () => Holder[] };

  return (active?.call(process) ?? []).map((holder) => holder._handle ?? holder);
}
