import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';

const patience = 20 * 60_000;

/** One run at a time: the machines of two would be too slow for each other. Resolves to what gives the lock back. */
export async function takeLock(file: string): Promise<() => void> {
  const end = Date.now() + patience;
  while (!tryLock(file)) {
    if (Date.now() > end) throw new Error(`another run holds ${file}: wait for it, or delete that file`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  return () => rmSync(file, { force: true });
}

function tryLock(file: string): boolean {
  try {
    const descriptor = openSync(file, 'wx');
    writeSync(descriptor, `${process.pid}`);
    closeSync(descriptor);
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  // Left behind by one that was killed.
  if (!alive(readFileSync(file, 'utf8'))) rmSync(file, { force: true });
  return false;
}

function alive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}
