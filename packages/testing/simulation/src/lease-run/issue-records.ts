/** A credential that a life of the plugin issued. */
interface IssuedAt {
  /** In monotonic milliseconds. */
  readonly atMs: number;
  /** By the clock of that life; `null` if it is not known. */
  readonly endsAtMs: number | null;
}

/** What time it is when a credential is issued, in milliseconds. */
interface IssueTimes {
  readonly monotonicMs: number;
  /** By the clock of the life of the plugin that issued it. */
  readonly clockMs: number;
  /** The longest life of a credential. */
  readonly maxTtlMs: number;
}

/** The credentials that each life of the plugin issued for each generation of a service, and that are not revoked. */
export class IssueRecords {
  /** By process, service and generation. */
  readonly #issued = new Map<string, readonly IssuedAt[]>();

  /**
   * A credential was issued. Returns how many there were before that have not ended. One that has ended by a clock that is
   * ahead counts as ended: the plugin can't tell such a clock from a pause of the machine.
   */
  issued(process: string, generation: string, endsAtMs: number | null, times: IssueTimes): number {
    const { monotonicMs, clockMs, maxTtlMs } = times;
    const key = `${process} ${generation}`;
    const before = (this.#issued.get(key) ?? []).filter(
      (one) => monotonicMs - one.atMs < maxTtlMs && (one.endsAtMs === null || one.endsAtMs > clockMs),
    );
    this.#issued.set(key, [...before, { atMs: monotonicMs, endsAtMs }]);
    return before.length;
  }

  /** A generation whose credentials were revoked, or ended with their holder, gets further ones. */
  revoked(generation: string): void {
    for (const key of this.#issued.keys()) if (key.endsWith(` ${generation}`)) this.#issued.delete(key);
  }

  /** A revocation that failed may have had an effect: what it was for is given to no task any more. */
  notRevoked(process: string, service: string, isUsed: (generation: string) => boolean): void {
    for (const key of this.#issued.keys()) {
      const isOfService = key.startsWith(`${process} ${service}@`);
      if (isOfService && !isUsed(key.slice(process.length + 1))) this.#issued.delete(key);
    }
  }
}
