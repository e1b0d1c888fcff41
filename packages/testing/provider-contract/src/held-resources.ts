import { AsyncLocalStorage, createHook } from 'node:async_hooks';

/** A resource such as a timer, socket or watch, which can report whether it keeps the process running. */
interface Resource {
  readonly kind: string;
  hasRef(): boolean | null;
}

/** Sockets, watches and processes that are open cost the backend or the system something, also if they let the process end. */
const ALWAYS_COUNTED = /^(TCP|PIPE|TCPSERVER|PIPESERVER|FSEVENT|PROCESS)WRAP$/;

/**
 * Runs `work`, then `verify` with a function that lists open resources of `work`: the kinds of timers, sockets and watches that
 * it created, directly or indirectly, and that are open now. Timers are counted only if they keep the process running. Resources of other code are not counted.
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
    await verify(() =>
      [...made.values()]
        .filter((resource) => resource.hasRef() === true || ALWAYS_COUNTED.test(resource.kind))
        .map(({ kind }) => kind),
    );
  } finally {
    hook.disable();
  }
}
