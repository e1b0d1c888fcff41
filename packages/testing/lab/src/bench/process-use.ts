import { readdirSync, readFileSync } from 'node:fs';

/** Memory that processes hold, in MiB. */
export function residentMiB(pids: readonly number[]): number {
  const kib = pids.map((pid) => Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0));
  return kib.reduce((sum, each) => sum + each, 0) / 1024;
}

/** Processor time that the main threads of processes have used so far, in milliseconds. */
export function mainThreadMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + threadMs(pid, pid), 0);
}

/** Processor time that processes have used so far, in milliseconds, all threads that still run included. */
export function processorMs(pids: readonly number[]): number {
  return pids.reduce(
    (sum, pid) => readdirSync(`/proc/${pid}/task`).reduce((ofPid, thread) => ofPid + threadMs(pid, thread), sum),
    0,
  );
}

function threadMs(pid: number, thread: number | string): number {
  return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}
