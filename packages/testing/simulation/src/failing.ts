import type { SimulatedTask } from './swarm/task.ts';

/** Whether a value makes the tasks of a service fail: `bad` at its start, and the service's name, if it names any. */
export function isBadFor(text: string, serviceName: string): boolean {
  const [marker, ...services] = text.split(' ');
  return marker === 'bad' && (services.length < 2 || services.includes(serviceName));
}

/** Whether a container fails, by what it holds. */
export function fails({ isBroken, held, serviceName }: SimulatedTask): boolean {
  return isBroken || [...held.values()].some(({ text }) => isBadFor(text, serviceName));
}
