const cell = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread for so many milliseconds. */
export function block(milliseconds: number): void {
  Atomics.wait(cell, 0, 0, milliseconds);
}
