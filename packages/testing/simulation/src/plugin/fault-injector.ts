import type { SimulatedClock } from '../simulated-clock.ts';

/** The calls that a process makes to what is outside of it. */
export type PortName =
  | 'role'
  | 'observe'
  | 'failures'
  | 'findTask'
  | 'roll'
  | 'ledger.read'
  | 'ledger.write'
  | 'leases.read'
  | 'leases.write'
  | 'provider.read'
  | 'provider.probe'
  | 'provider.readRevision'
  | 'provider.issue'
  | 'provider.renew'
  | 'provider.revoke'
  | 'provider.createHolder'
  | 'provider.renewHolder'
  | 'provider.revokeHolder';

/** What goes wrong with one call. Times in milliseconds. */
export interface PortFault {
  /** How long it takes to arrive. */
  readonly beforeMs?: number;
  /** How long its answer takes. */
  readonly afterMs?: number;
  /** It is answered with an error. A write may be carried out all the same, or only so much later. */
  readonly fails?: 'not-applied' | 'applied' | { readonly appliedAfterMs: number };
  /** It is never answered. */
  readonly hangs?: boolean;
  /** The process ends before the call leaves it, or when its answer is there. */
  readonly kills?: 'before' | 'after';
}

/** Decides about each call, as it is made. */
export type Interfere = (manager: string, port: PortName) => PortFault | null;

/** A new one each time: what waits for one that all share would never be let go of. */
const never = () => new Promise<never>(() => undefined);

/** Through it every call of one process goes to the outside, so that there is one place where something goes wrong. */
export class FaultInjector {
  readonly #manager: string;
  readonly #clock: SimulatedClock;
  readonly #interfere: Interfere;
  readonly #kill: () => void;
  #isOpen = true;
  #hanging = 0;

  /** @param kill ends the process. */
  constructor(manager: string, clock: SimulatedClock, interfere: Interfere, kill: () => void) {
    this.#manager = manager;
    this.#clock = clock;
    this.#interfere = interfere;
    this.#kill = kill;
  }

  /** Whether a call is not answered now. */
  get isHanging(): boolean {
    return this.#hanging > 0;
  }

  /** The process is dead: nothing of it reaches the outside any more, and it hears nothing. */
  close(): void {
    this.#isOpen = false;
  }

  /**
   * One call.
   *
   * @param work what the outside does when the call arrives there.
   * @param fail what the caller gets where it got no answer.
   */
  async call<T>(port: PortName, signal: AbortSignal, work: () => Promise<T>, fail: () => T): Promise<T> {
    signal.throwIfAborted();
    if (!this.#isOpen) return never();
    const fault = this.#interfere(this.#manager, port);
    if (fault === null) return this.#answer(await settled(work()));
    if (fault.kills === 'before') this.#kill();
    await this.#pause(fault.beforeMs, signal);
    if (fault.hangs === true) return this.#hang(signal);
    const { fails } = fault;
    if (fails === 'not-applied') return this.#answer(await settled((async () => fail())()));
    if (typeof fails === 'object') {
      this.#clock.after(fails.appliedAfterMs, () => void settled(work()));
      return this.#answer(await settled((async () => fail())()));
    }
    const result = await settled(work());
    if (fault.kills === 'after') this.#kill();
    await this.#pause(fault.afterMs, signal);
    return this.#answer(fails === 'applied' ? await settled((async () => fail())()) : result);
  }

  #answer<T>(result: Settled<T>): T | Promise<never> {
    if (!this.#isOpen) return never();
    if ('error' in result) throw result.error;
    return result.value;
  }

  async #pause(delayMs: number | undefined, signal: AbortSignal): Promise<void> {
    if (!this.#isOpen) return never();
    if (delayMs === undefined) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#clock.after(delayMs, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
    });
    if (!this.#isOpen) return never();
  }

  #hang(signal: AbortSignal): Promise<never> {
    this.#hanging += 1;
    return new Promise((_, reject) => {
      const onAbort = () => {
        this.#hanging -= 1;
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

type Settled<T> = { readonly value: T } | { readonly error: unknown };

async function settled<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}
