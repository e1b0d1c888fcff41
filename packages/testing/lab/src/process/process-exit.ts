import type { ChildProcess } from 'node:child_process';

/** Whether a child process has ended. */
export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Waits until a child process has ended, at most `timeoutMs`. Resolves to whether it has ended. */
export function ended(child: ChildProcess, timeoutMs: number): Promise<boolean> {
  if (hasEnded(child)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      child.off('exit', done);
      resolve(hasEnded(child));
    };
    const timer = setTimeout(done, timeoutMs);
    child.once('exit', done);
  });
}
