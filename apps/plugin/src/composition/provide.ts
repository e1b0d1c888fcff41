import type { Container, ServiceIdentifier } from 'inversify';

type Needs = Readonly<Record<string, ServiceIdentifier>>;
type Parts<N extends Needs> = { readonly [K in keyof N]: N[K] extends ServiceIdentifier<infer T> ? T : never };

/**
 * Binds an entry to what `create` makes of other entries, each under the name that `needs` gives it. It is made once,
 * when it is first requested.
 */
export function provide<T, N extends Needs>(
  container: Container,
  entry: ServiceIdentifier<T>,
  needs: N,
  create: (parts: Parts<N>) => T,
): void {
  const names = Object.keys(needs);
  container.bind(entry).toResolvedValue(
    // The values have the order of the identifiers, which the types of inversify do not connect with the names.
    (...values: unknown[]) => create(Object.fromEntries(names.map((name, index) => [name, values[index]])) as Parts<N>),
    Object.values(needs),
  );
}
