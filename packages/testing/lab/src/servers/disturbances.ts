/** A fault that a contract test starts and ends. @param start injects it, and returns the function that ends it. */
export function disturbanceOf(start: () => () => void) {
  const { start: startOne, end } = disturbanceByName(start);
  return { start: () => startOne(''), end: () => end('') };
}

/** A fault for one secret at a time, by the secret's name. */
export function disturbanceByName(start: (name: string) => () => void) {
  const endings = new Map<string, () => void>();
  return {
    async start(name: string) {
      endings.set(name, start(name));
    },
    async end(name: string) {
      endings.get(name)?.();
    },
  };
}
