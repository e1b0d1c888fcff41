/**
 * Yields each item in a fair order. The tenant with the fewest places comes next, and its items keep their order. So a
 * tenant with many services, or with services that always rotate, can't block the others.
 *
 * @param waiting in the order that would apply without tenants.
 * @param placesOf how many places a tenant has now. It is called again before each turn.
 */
export function* fairTurns<T>(
  waiting: readonly T[],
  tenantOf: (one: T) => string,
  placesOf: (tenant: string) => number,
): Generator<T> {
  const queues = [...Map.groupBy(waiting.entries(), ([, one]) => tenantOf(one)).entries()].map(([tenant, queue]) => ({
    tenant,
    queue: queue.values(),
    next: undefined as readonly [position: number, one: T] | undefined,
  }));
  const advance = (each: (typeof queues)[number]) => {
    each.next = each.queue.next().value;
  };
  queues.forEach(advance);
  for (;;) {
    let chosen: { readonly each: (typeof queues)[number]; readonly places: number; readonly at: number } | undefined;
    for (const each of queues) {
      if (each.next === undefined) continue;
      const places = placesOf(each.tenant);
      const [at] = each.next;
      if (chosen === undefined || places < chosen.places || (places === chosen.places && at < chosen.at)) {
        chosen = { each, places, at };
      }
    }
    const next = chosen?.each.next;
    if (chosen === undefined || next === undefined) return;
    advance(chosen.each);
    yield next[1];
  }
}
