import { displayNames, displayText } from '@vault-swarm/kernel';
import { type Problem, problem } from '@vault-swarm/provider';
import type { ListedManager } from '../ports/manager-directory.ts';

/** Problems of plugins that each run, and do not fit together. @param running the managers whose plugins run. */
export function pluginDifferences(running: readonly ListedManager[]): readonly Problem[] {
  return [...differentLedgerKeys(running), ...differentClocks(running), ...differentVersions(running)];
}

const NO_KEY = 'none';

/** The right key is taken to be the one that most have, and of two that as many have, the leader's. */
function differentLedgerKeys(running: readonly ListedManager[]): readonly Problem[] {
  const known = running.filter(({ announcement }) => announcement?.ledgerKeys != null);
  const hasLeader = (managers: readonly ListedManager[]) => Number(managers.some(({ isLeader }) => isLeader));
  const [right] = [...Map.groupBy(known, keyOf)]
    .flatMap(([key, its]) => (key === NO_KEY ? [] : [its]))
    .sort((a, b) => b.length - a.length || hasLeader(b) - hasLeader(a));
  if (right === undefined) return [];
  // While the key is being replaced, a manager has two.
  const trusted = new Set(right.flatMap(keysOf));
  const wrong = known.filter((manager) => !keysOf(manager).some((key) => trusted.has(key)));
  if (wrong.length === 0) return [];
  return [
    problem('LEDGER_KEYS_DIFFER', described([...right, ...wrong], keyOf), {
      subject: wrong.map(({ id }) => id).join(' '),
      action: `Give ${namesOf(wrong)} the LEDGER_KEY of ${namesOf(right)}: see docs/guides/ledger-key.md`,
    }),
  ];
}

function differentClocks(running: readonly ListedManager[]): readonly Problem[] {
  const wrong = running.filter((manager) => aheadMsOf(manager) !== 0);
  if (wrong.length === 0) return [];
  const each = wrong.map((manager) => {
    const aheadMs = aheadMsOf(manager);
    const seconds = Math.round(Math.abs(aheadMs) / 1_000);
    const span = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
    return `${displayText(manager.name)} is ${span} ${aheadMs > 0 ? 'ahead of' : 'behind'} the manager that led`;
  });
  return [problem('CLOCKS_DIFFER', each.join(', '), { subject: wrong.map(({ id }) => id).join(' ') })];
}

function differentVersions(running: readonly ListedManager[]): readonly Problem[] {
  const announced = running.filter(({ announcement }) => announcement !== null);
  const versionOf = ({ announcement }: ListedManager) => displayText(announcement?.version ?? '');
  const versions = new Set(announced.map(versionOf));
  if (versions.size < 2) return [];
  const subject = [...versions].sort().join(' ');
  return [problem('PLUGIN_VERSIONS_DIFFER', described(announced, versionOf), { subject })];
}

/** `TEXT on NAMES` for each text. */
function described(managers: readonly ListedManager[], textOf: (manager: ListedManager) => string): string {
  return [...Map.groupBy(managers, textOf)].map(([text, its]) => `${text} on ${namesOf(its)}`).join(', ');
}

function namesOf(managers: readonly ListedManager[]): string {
  return displayNames(managers.map(({ name }) => name));
}

function keysOf({ announcement }: ListedManager): readonly string[] {
  return announcement?.ledgerKeys ?? [];
}

function keyOf(manager: ListedManager): string {
  return keysOf(manager)[0] ?? NO_KEY;
}

function aheadMsOf({ announcement }: ListedManager): number {
  return announcement?.clockAheadMs ?? 0;
}
