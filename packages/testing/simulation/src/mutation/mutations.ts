import type { Mutation } from './mutation.ts';

/** Mistakes that a core could have, each of which histories must see. */
export const mutations: readonly Mutation[] = [
  {
    name: 'rolls though somebody else wrote the ledger first',
    file: 'rotation/src/rotation.ts',
    from: "if (outcome !== 'applied') {",
    to: "if (outcome === 'unknown') {",
  },
  {
    name: 'acts without leadership',
    file: 'rotation/src/rotation.ts',
    from: "if (role !== 'leader' || !this.#settings.enabled) return false;",
    to: 'if (!this.#settings.enabled) return false;',
  },
  {
    name: 'counts what running tasks are told',
    file: 'rotation/src/evidence.ts',
    from: 'if (this.#running.has(taskId)) return;',
    to: '',
  },
  {
    name: 'takes no note of what it answered',
    file: 'rotation/src/rotation.ts',
    from: 'this.#evidence.record(taskId, secretName, key, revision, this.#ports.clock.now());',
    to: '',
  },
  {
    name: 'repeats a generation that was rolled back',
    file: 'rotation/src/situation.ts',
    from: 'return Math.max(...seen) + 1;',
    to: 'return service.generation + 1;',
  },
  {
    name: 'takes everything for outdated without a ledger',
    file: 'rotation/src/holdings.ts',
    from: '(current !== undefined && isSurelyOlder(task, current) ? UNKNOWN_OLDER : current)',
    to: '(current !== undefined ? UNKNOWN_OLDER : current)',
  },
  {
    name: 'holds a failed delivery against the values',
    file: 'rotation/src/take-back.ts',
    from: 'if (!started || !nodeReady || ofTask !== fingerprint) return false;',
    to: 'if (!nodeReady || ofTask !== fingerprint) return false;',
  },
  {
    name: 'holds a lost node against the values',
    file: 'rotation/src/take-back.ts',
    from: 'if (!started || !nodeReady || ofTask !== fingerprint) return false;',
    to: 'if (!started || ofTask !== fingerprint) return false;',
  },
  {
    name: 'forgets which values were set aside',
    file: 'rotation/src/ledger-text.ts',
    from: "      ...ifAny(\n        'setAside',",
    to: "      ...ifAny(\n        'forgotten',",
  },
  {
    name: 'rolls jobs',
    file: 'rotation/src/situation.ts',
    from: "if (service.kind === 'job') return [];",
    to: '',
  },
  {
    name: 'rolls for every secret, whatever its labels say',
    file: 'rotation/src/uses.ts',
    from: "return use.rotate === 'auto' && use.ref.pin === undefined;",
    to: 'return true;',
  },
  {
    name: 'compares revisions alone',
    file: 'rotation/src/held-value.ts',
    from: 'return a.revision === b.revision || (a.digest !== null && a.digest === b.digest);',
    to: 'return a.revision === b.revision;',
  },
  {
    name: 'forgets what tasks held before a change',
    file: 'rotation/src/plan.ts',
    from: 'if (value !== undefined && !isKnownOtherwise) earlier =',
    to: 'if (value === undefined && !isKnownOtherwise) earlier =',
  },
  {
    name: 'keeps entries of services that are gone',
    file: 'rotation/src/plan.ts',
    from: 'const services: Record<string, LedgerService> = {};',
    to: 'const services: Record<string, LedgerService> = { ...input.ledger.services };',
  },
  {
    name: 'gives the current value whatever is intended',
    file: 'rotation/src/intended-revisions.ts',
    from: 'if (intent === undefined) return CURRENT;',
    to: 'if (intent === undefined || taskKnown()) return CURRENT;\n    function taskKnown() { return true; }',
  },
  {
    name: 'waits for the provider without a deadline',
    file: 'delivery/src/delivery.ts',
    from: 'const revision = await withDeadline(this.#clock, waitMs, undefined, () => this.#sharedRead(ref, key, waitMs));',
    to: 'const revision = await this.#sharedRead(ref, key, 60_000);',
  },
  {
    name: 'counts a stale answer as the newest value',
    file: 'rotation/src/rotation.ts',
    from: 'this.#evidence.record(taskId, secretName, key, revision, this.#ports.clock.now());',
    to: 'this.#evidence.record(taskId, secretName, key, this.#current(key)?.revision.split(":")[1] ?? revision, this.#ports.clock.now());',
  },
  {
    name: 'forgets the values that it may have to give again',
    file: 'delivery/src/revision-memory.ts',
    from: 'return this.#retained.get(key)?.has(revision) === true;',
    to: 'return false;',
  },
  {
    name: 'never takes a value back',
    file: 'rotation/src/take-back.ts',
    from: 'if (isTakenBackByHand || ofRollout.some((task) => speaksAgainst(situation, open, task))) {',
    to: 'if (isTakenBackByHand) {',
  },
  {
    name: 'takes what it found before for newer than what another manager found since',
    file: 'rotation/src/foreign-changes.ts',
    from: 'return sinceMs !== undefined && known !== undefined && foundAtMs < sinceMs && !sameValue(known, found);',
    to: 'return sinceMs !== undefined && known !== undefined && foundAtMs > sinceMs + 1e15 && !sameValue(known, found);',
  },
];
