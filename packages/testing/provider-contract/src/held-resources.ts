import { AsyncLocalStorage, createHook } from 'node:async_hooks';

/** A timer, socket, watch or the like, which says whether it keeps the process running. */
interface Resource {
  readonly kind: string;
  hasRef(): boolean | null;
}

/**
 * Runs `work`, then `verify` with a function that lists what `work` has left behind: the kinds of those timers, sockets
 * and watches made by it, or in consequence of it, that keep the process running at the moment of asking. What other
 * work makes at the same time is not counted.
 */
export async function withHeldResources(
  work: () => Promise<void>,
  verify: (held: () => readonly string[]) => Promise<void>,
): Promise<void> {
  const context = new AsyncLocalStorage<true>();
  const made = new Map<number, Resource>();
  const hook = createHook({
    init(id, kind, _trigger, resource) {
      if (context.getStore() !== true || !('hasRef' in resource)) return;
      const { hasRef } = resource;
      if (typeof hasRef === 'function') made.set(id, { kind, hasRef: () => hasRef.call(resource) });
    },
    destroy(id) {
      made.delete(id);
    },
  }).enable();
  try {
    await context.run(true, work);
    await verify(() => [...made.values()].filter((resource) => resource.hasRef() === true).map(({ kind }) => kind));
  } finally {
    hook.disable();
  }
}
