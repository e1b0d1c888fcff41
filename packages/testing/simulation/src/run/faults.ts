import type { ClusterOptions } from '../plugin/cluster.ts';
import type { PortFault, PortName } from '../plugin/fault-injector.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { Kind } from './kinds.ts';

/** The part of a run that decides which calls fail now. */
export interface FaultState {
  readonly kinds: ReadonlySet<Kind>;
  readonly isFaulty: boolean;
  readonly providerHangs: boolean;
  /** The longest delay of the provider's calls, in milliseconds. */
  readonly providerDelayMs: number;
}

/** What goes wrong with the calls of the plugins in a history, by its kinds. */
export function faultsOf(
  run: FaultState,
  random: SeededRandom,
): Pick<ClusterOptions, 'interfere' | 'hints' | 'isPreempted'> {
  const rate = random.pick([0.01, 0.03, 0.1]);
  const interfere = (_: string, port: PortName): PortFault | null => {
    if (port.startsWith('provider.')) {
      if (run.providerHangs) return { hangs: true };
      if (run.providerDelayMs > 0) {
        const beforeMs = random.between(0, run.providerDelayMs);
        return { beforeMs, afterMs: random.between(0, run.providerDelayMs) };
      }
    }
    if (!run.isFaulty || !random.chance(rate)) return null;
    return random.pick(possible(run, port, random)) ?? null;
  };
  const hints = () => {
    if (!run.kinds.has('lost hints') || !run.isFaulty) return 1;
    return random.pick([0, 0, 1, 1, 3]);
  };
  const isPreempted = () => run.isFaulty && run.kinds.has('conflict') && random.chance(rate * 3);
  return { interfere, hints, isPreempted };
}

function possible({ kinds }: FaultState, port: PortName, random: SeededRandom): readonly (PortFault | undefined)[] {
  const isWrite = port === 'roll' || port === 'ledger.write';
  const faults: PortFault[] = [];
  if (kinds.has('slow calls')) {
    const longest = random.pick([100, 3_000, 20_000]);
    faults.push({ beforeMs: random.between(0, longest), afterMs: random.between(0, longest) });
  }
  if (kinds.has('hanging calls')) faults.push({ hangs: true });
  if (kinds.has('failing calls')) faults.push({ fails: 'not-applied' });
  if (kinds.has('crash at a call')) faults.push({ kills: random.pick(['before', 'after']) });
  if (kinds.has('unknown outcome') && isWrite) {
    faults.push({ fails: 'applied' }, { fails: 'not-applied' });
    faults.push({ beforeMs: random.between(0, 5_000), fails: { appliedAfterMs: random.between(10, 8_000) } });
  }
  return faults.length === 0 ? [undefined] : faults;
}
