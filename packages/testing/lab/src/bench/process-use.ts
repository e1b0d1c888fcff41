import { readdirSync, readFileSync } from 'node:fs';

/** The resident memory of processes, in MiB. */
export function residentMiB(pids: readonly number[]): number {
  const kib = pids.map((pid) => Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0));
  return kib.reduce((sum, each) => sum + each, 0) / 1024;
}

/** CPU time of the main threads of processes so far, in milliseconds. */
export function mainThreadMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + threadMs(pid, pid), 0);
}

/** CPU time of processes so far, in milliseconds, including all threads that still run. */
export function processorMs(pids: readonly number[]): number {
  return pids.reduce(
    (sum, pid) => readdirSync(`/proc/${pid}/task`).reduce((ofPid, thread) => ofPid + threadMs(pid, thread), sum),
    0,
  );
}

function threadMs(pid: number, thread: number | string): number {
  return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}
