import { type LedgerDocument, parseLedger } from '@vault-swarm/rotation';
import { isBadFor } from '../failing.ts';
import type { SimulatedService } from '../swarm/service.ts';
import type { History } from './history.ts';

/** What is still wrong in a world that is healthy, by what is true of it and not by what the plugins say. */
export function finalProblems(history: History): readonly string[] {
  const { swarm } = history;
  const ofServices = swarm.services.filter(({ kind }) => kind === 'service').flatMap((one) => problemsOf(history, one));
  return [...ofServices, ...ledgerProblems(history)];
}

function problemsOf(history: History, service: SimulatedService): readonly string[] {
  const { truth, provider, swarm } = history;
  const bad = truth.badUses(service);
  if (mayStayBad(history, service) || truth.isPinnedToBad(service)) return [];
  const problems: string[] = [];
  const running = swarm.runningTasks(service.id);
  if (running.length !== service.spec.replicas) {
    problems.push(`${service.name} runs ${running.length} of ${service.spec.replicas} tasks (${service.status.state})`);
  }
  for (const { id, held } of running) {
    for (const { name, path, isAuto } of truth.usesOf(service)) {
      const text = held.get(name)?.text;
      if (!isAuto) continue;
      if (text === undefined) {
        problems.push(`${id} of ${service.name} was made before it used ${name}`);
        continue;
      }
      if (isBadFor(text, service.name)) problems.push(`${id} of ${service.name} holds ${name}="${text}", which is bad`);
      const isCurrent = text === provider.textOf(path) || history.witness.mayBeUnnoted(id);
      // Together with a bad one of the same rollout, a good one may be set aside.
      if (!isCurrent && bad.length === 0) {
        problems.push(`${id} of ${service.name} holds ${name}="${text}" instead of "${provider.textOf(path)}"`);
      }
    }
  }
  return problems;
}

/** Whether it is explained that a service has a bad value as long as nobody writes another. */
function mayStayBad({ witness, truth, settings, provider }: History, service: SimulatedService): boolean {
  const { allowed, touchedAtMs } = witness.pastOf(service.id);
  const bad = truth.badUses(service);
  if (bad.length === 0) return false;
  if (settings.policy.onFailure === 'pause' || !provider.abilities.keepsVersions) return true;
  if (service.spec.update.onFailure === 'continue') return true;
  if (allowed.size > 0) return true;
  // The last good values are given together, so none of them may be gone.
  if (truth.usesOf(service).some(({ path }) => truth.wasDeleted(path))) return true;
  return bad.some(({ path }) => touchedAtMs >= truth.changedAtMs(path) - 60_000);
}

function ledgerProblems(history: History): readonly string[] {
  const { swarm, truth } = history;
  const ledger = parseLedger(swarm.ledgerText);
  if (ledger === null) {
    // Of pinned values there is nothing to write down.
    const isNeeded = swarm.services.some((service) => truth.usesOf(service).some(({ isPinned }) => !isPinned));
    return isNeeded ? ['there is no ledger'] : [];
  }
  const used = new Set(
    swarm.services.flatMap(({ id, spec }) => spec.secretIds.flatMap((key) => [key, `${id}/${key}`])),
  );
  const unused = Object.keys(ledger.secrets).filter((key) => !used.has(key));
  return [
    ...unused.map((key) => `the ledger has the secret ${key}, which nobody uses`),
    ...Object.entries(ledger.services).flatMap(([id, entry]) => entryProblems(history, id, entry)),
  ];
}

function entryProblems(
  { swarm, truth }: History,
  id: string,
  entry: LedgerDocument['services'][string],
): readonly string[] {
  const service = swarm.services.find((candidate) => candidate.id === id);
  if (service === undefined) return [`the ledger has the service ${id}, which is gone`];
  if (truth.badUses(service).length > 0 || truth.isPinnedToBad(service)) return [];
  const { rollout, setAside, requested, earlier, exceptions } = entry;
  // What is not rolled may go on holding something old, of which the ledger has a note.
  const holdsOld = service.kind === 'job' || truth.usesOf(service).some(({ isAuto }) => !isAuto);
  const left = [
    rollout === null ? '' : 'a rollout',
    setAside.length === 0 ? '' : 'values set aside',
    requested.length === 0 ? '' : 'a request',
    holdsOld || Object.keys(earlier).length === 0 ? '' : 'earlier values',
    holdsOld || Object.keys(exceptions).length === 0 ? '' : 'exceptions',
  ].filter((name) => name !== '');
  return left.length === 0 ? [] : [`the ledger has ${left.join(', ')} of ${service.name}: ${JSON.stringify(entry)}`];
}
