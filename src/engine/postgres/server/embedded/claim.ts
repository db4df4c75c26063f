import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { clearTimeout, setTimeout } from '../../../../real-time.js';

const ATTEMPTS = 20;
const PATIENCE = 2_000;

/** Where the keeper of a run listens, if somebody claims to be it. */
export function claimant(claims: string, key: string): string | undefined {
  try {
    return readFileSync(join(claims, key), 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Says that `control` is where the run's keeper listens. A claim whose keeper does not answer any
 * more is set aside.
 *
 * @returns Whether the claim is ours; false when a living keeper has it.
 */
export async function stakeClaim(claims: string, key: string, control: string): Promise<boolean> {
  const path = join(claims, key);
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, control, { mode: 0o600 });

  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (link(draft, path)) return true;

      const holder = claimant(claims, key);
      if (holder === undefined) continue;
      if (await answers(holder)) return false;
      setAside(path, holder);
    }
    // Two servers for one run cost memory, no more.
    return true;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes our claim back; somebody else's stays. */
export function dropClaim(claims: string, key: string, control: string): void {
  if (claimant(claims, key) === control) rmSync(join(claims, key), { force: true });
}

/** Whether somebody listens at a path. */
export async function answers(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    const done = (answer: boolean): void => {
      clearTimeout(late);
      socket.destroy();
      resolve(answer);
    };
    // Too busy to answer is alive.
    const late = setTimeout(() => done(true), PATIENCE);
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}

/** Hard links are made by one and refused to all others, on every file system that has them. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function setAside(path: string, holder: string): void {
  const aside = `${path}.${process.pid}.old`;
  try {
    renameSync(path, aside);
    // Between reading and renaming, another keeper may have put its claim there: give it back.
    if (readFileSync(aside, 'utf8') !== holder) link(aside, path);
    rmSync(aside, { force: true });
  } catch {
    // Another one was first.
  }
}
