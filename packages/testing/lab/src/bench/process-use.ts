import { readdirSync, readFileSync } from 'node:fs';

/** Memory that processes hold, in MiB. */
export function residentMiB(pids: readonly number[]): number {
  const kib = pids.map((pid) => Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0));
  return kib.reduce((sum, each) => sum + each, 0) / 1024;
}

/** Processor time that processes have used so far, in milliseconds, all threads that still run included. */
export function processorMs(pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
  }
  return nanoseconds / 1e6;
}
