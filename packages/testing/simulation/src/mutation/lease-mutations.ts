import type { Mutation } from './mutation.ts';

/** Mistakes with leases that a core could have, each of which histories of leases must see. */
export const leaseMutations: readonly Mutation[] = [
  {
    name: 'issues a credential for each request',
    file: 'rotation/src/leases/lease-requests.ts',
    from: 'const valuesNow = () => held.valuesOf(setsNow(), clock.now());',
    to: 'const valuesNow = () => held.valuesOf([], clock.now());',
  },
  {
    name: 'revokes what tasks use',
    file: 'rotation/src/leases/usage.ts',
    from: "  if (service.tasks.some((task) => task.state !== 'ended' && task.generation === generation)) return true;\n",
    to: '',
    seed: 1,
  },
  {
    name: 'revokes the credentials of the generation before while a rollout fails',
    file: 'rotation/src/leases/usage.ts',
    from: 'export function mayBeUsed(service: Workload | undefined, ledger: LedgerDocument, generation: number): boolean {\n',
    to:
      'export function mayBeUsed(service: Workload | undefined, ledger: LedgerDocument, generation: number): boolean {\n' +
      '  if (service !== undefined && generation < service.generation) return false;\n',
    seed: 11,
  },
  {
    name: 'renews leases whose token ends',
    file: 'rotation/src/leases/lease-upkeep.ts',
    from: '      if (!this.#ending.has(holderId(holder))) renewed.set(holderId(holder), holder.ttlMs);\n',
    to: '',
    seed: 1,
  },
  {
    name: 'forgets holders',
    file: 'rotation/src/leases/leases.ts',
    from: '        accounts.change(addHolder(holder));\n',
    to: '',
  },
  {
    name: 'never revokes',
    file: 'rotation/src/leases/lease-upkeep.ts',
    from: 'return (isOver || this.#ending.has(id)) &&',
    to: 'return (this.#ending.has(id)) &&',
  },
  {
    name: 'gives the credentials of another path',
    file: 'rotation/src/leases/lease-changes.ts',
    from: 'return sets.filter((set) => set.leaseKey === leaseKey && isOfGeneration(set, serviceId, generation));',
    to: 'return sets.filter((set) => leaseKey !== null && isOfGeneration(set, serviceId, generation));',
  },
  {
    name: 'has no limit of leases',
    file: 'rotation/src/leases/issuing.ts',
    from: '>= maxSets) {',
    to: '>= 1_000_000) {',
    seed: 2,
  },
  {
    name: 'has no limit of issues in an hour',
    file: 'rotation/src/leases/issuing.ts',
    from: 'if (recent.length >= issuesPerHour + extraIssues) {',
    to: 'if (recent.length >= 1_000_000) {',
    seed: 25,
  },
  {
    name: 'tries an issue that failed again and again',
    file: 'rotation/src/leases/issuing.ts',
    from: 'this.#ports.clock.monotonic() < failure.notBeforeMs ? failure.error : undefined;',
    to: 'failure.notBeforeMs === 0 ? failure.error : undefined;',
    seed: 22,
  },
  {
    name: 'does not replace what can be renewed no more',
    file: 'rotation/src/leases/lease-upkeep.ts',
    from: 'if (isLast || lifeMs < askedMs * CUT) ',
    to: 'if (isLast && lifeMs < askedMs * CUT) ',
    seed: 1_012,
  },
  {
    name: 'replaces credentials at their end',
    file: 'rotation/src/leases/plan-epochs.ts',
    from: 'const ROLL_AT = 2 / 3;',
    to: 'const ROLL_AT = 1;',
    seed: 31,
  },
];
