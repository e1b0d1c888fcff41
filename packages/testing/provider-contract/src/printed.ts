const CONSOLE = ['debug', 'error', 'info', 'log', 'trace', 'warn', 'dir'] as const;

/**
 * Runs `work` and returns everything that is printed meanwhile, by the console or to the standard streams. The output still
 * appears. Overlapping runs get the output of all of them.
 */
export async function withPrinted(work: () => Promise<void>): Promise<readonly unknown[]> {
  const printed: unknown[] = [];
  const stop = listen((args) => printed.push(...args));
  try {
    await work();
  } finally {
    stop();
  }
  return printed;
}

const listeners = new Set<(args: readonly unknown[]) => void>();
let restore: (() => void) | undefined;

function listen(listener: (args: readonly unknown[]) => void): () => void {
  listeners.add(listener);
  restore ??= replaceAll();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    restore?.();
    restore = undefined;
  };
}

function replaceAll(): () => void {
  const undo = [
    ...CONSOLE.map((name) => replace(console, name)),
    replace(process.stdout, 'write'),
    replace(process.stderr, 'write'),
  ];
  return () => {
    for (const one of undo) one();
  };
}

function replace(target: object, name: string): () => void {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== 'function') throw new TypeError(`there is no ${name} to listen to`);
  Reflect.set(target, name, (...args: unknown[]) => {
    for (const listener of listeners) listener(args);
    return Reflect.apply(original, target, args);
  });
  return () => void Reflect.set(target, name, original);
}
