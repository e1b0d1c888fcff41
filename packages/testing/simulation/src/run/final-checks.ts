import { type LedgerDocument, parseLedger } from '@vault-swarm/rotation';
import { isBadFor } from '../failing.ts';
import type { SimulatedService } from '../swarm/service.ts';
import type { TrueUse } from './ground-truth.ts';
import type { History } from './run.ts';
import type { Allowance } from './tolerated-anomalies.ts';

/** Something that is still wrong. */
export interface FinalProblem {
  readonly what: string;
  /** What explains it until these paths get other values; `null` if nothing does. */
  readonly excuse: { readonly allowance: Allowance; readonly paths: readonly string[] } | null;
}

/** What is still wrong in a world that is healthy, by what is true of it and not by what the plugins say. */
export function finalProblems(history: History): readonly FinalProblem[] {
  const { swarm } = history;
  const ofServices = swarm.services.filter(({ kind }) => kind === 'service').flatMap((one) => problemsOf(history, one));
  return [...ofServices, ...ledgerProblems(history)];
}

function problemsOf(history: History, service: SimulatedService): readonly FinalProblem[] {
  const { truth, provider, swarm, witness } = history;
  const bad = truth.badUses(service);
  const whyBad = truth.isPinnedToBad(service) ? 'pinned to a bad value' : mayStayBad(history, service);
  if (whyBad !== null) {
    witness.allowances.uses(whyBad, service.name);
    return [];
  }
  const problems: FinalProblem[] = [];
  const isWrong = (what: string, excuse: FinalProblem['excuse'] = null) => problems.push({ what, excuse });
  const running = swarm.runningTasks(service.id);
  if (running.length !== service.spec.replicas) {
    const what = `${service.name} runs ${running.length} of ${service.spec.replicas} tasks (${service.status.state})`;
    isWrong(what, mayBeLost(history, service) ?? whyStopped(history, service));
  }
  for (const { id, held } of running) {
    for (const { name, path, isAuto } of truth.usesOf(service)) {
      const text = held.get(name)?.text;
      if (!isAuto) continue;
      if (text === undefined) {
        isWrong(`${id} of ${service.name} was made before it used ${name}`);
        continue;
      }
      if (isBadFor(text, service.name)) {
        isWrong(`${id} of ${service.name} holds ${name}="${text}", which is bad`, whyStopped(history, service));
      }
      // Together with a bad one of the same rollout, a good one may be set aside.
      if (text === provider.textOf(path) || bad.length > 0) continue;
      if (isStopped(history, service, path)) continue;
      const allowance = mayHoldOld(history, service, id, path);
      const excuse =
        allowance === null
          ? (heldBackByHand(history, service) ?? whyStopped(history, service))
          : { allowance, paths: [path] };
      isWrong(`${id} of ${service.name} holds ${name}="${text}" instead of "${provider.textOf(path)}"`, excuse);
    }
  }
  return problems;
}

/** A user who rolled back what the plugin had rolled out took its values back: those before may be gone since. */
export function mayBeLost({ swarm, truth, witness }: History, service: SimulatedService): FinalProblem['excuse'] {
  const setAside = parseLedger(swarm.ledgerText)?.services[service.id]?.setAside ?? [];
  const paths = truth.usesOf(service).map(({ path }) => path);
  const isByHand = paths.some((path) => witness.isOverlooked(service.id, path) === 'taken back by hand');
  return setAside.length > 0 && isByHand ? { allowance: 'taken back by hand', paths } : null;
}

/**
 * Whether a value made tasks of another service fail, so that this one does not start with it: neither for it, nor for another of
 * its secrets that changed.
 */
function isStopped({ swarm, truth, provider }: History, service: SimulatedService, path: string): boolean {
  const mayFail = (of: string) => {
    const text = provider.textOf(of) ?? '';
    return swarm.services.some((other) => {
      return (
        other.id !== service.id && isBadFor(text, other.name) && truth.badUses(other).some((use) => use.path === of)
      );
    });
  };
  const own = truth.usesOf(service).filter(({ isPinned }) => !isPinned);
  return (
    mayFail(path) ||
    failedTogether({ swarm, truth }, service, path) ||
    own.some((use) => mayFail(use.path) && !holdsAll(swarm.runningTasks(service.id), use, provider))
  );
}

/** Whether a value is quarantined for another service with one that is bad for it: nobody can tell which of the set failed. */
function failedTogether(
  { swarm, truth }: Pick<History, 'swarm' | 'truth'>,
  service: SimulatedService,
  path: string,
): boolean {
  const names = truth
    .usesOf(service)
    .filter((use) => use.path === path)
    .map(({ name }) => name);
  const keys = service.spec.secretIds.filter((id) => names.includes(swarm.secret(id)?.name ?? ''));
  const ledger = parseLedger(swarm.ledgerText);
  return swarm.services.some((other) => {
    const sets = ledger?.services[other.id]?.setAside ?? [];
    const isMember = sets.some(({ failed }) => keys.some((key) => key in failed));
    return other.id !== service.id && isMember && truth.badUses(other).length > 0;
  });
}

/** A user who rolled another service back took values back that this one does not start with either, until they change. */
function heldBackByHand({ swarm, truth, witness }: History, service: SimulatedService): FinalProblem['excuse'] {
  const paths = truth.usesOf(service).map(({ path }) => path);
  const isTakenBack = swarm.services.some((other) => {
    const shared = truth.usesOf(other).filter(({ path }) => paths.includes(path));
    return (
      other.id !== service.id &&
      shared.some(({ path }) => witness.isOverlooked(other.id, path) === 'taken back by hand')
    );
  });
  return isTakenBack ? { allowance: 'taken back by hand', paths } : null;
}

/** Whether every running task holds the newest value. */
function holdsAll(
  running: ReturnType<History['swarm']['runningTasks']>,
  { name, path }: { readonly name: string; readonly path: string },
  provider: History['provider'],
): boolean {
  return running.every(({ held }) => held.get(name)?.text === provider.textOf(path));
}

/**
 * A value made tasks of another service fail, or was taken to have, so that this one does not start with it: neither for it,
 * nor for another of its secrets that changed. The next change of these values ends that.
 */
function whyStopped({ swarm, truth, provider }: History, service: SimulatedService): FinalProblem['excuse'] {
  const ledger = parseLedger(swarm.ledgerText);
  const hasFailed = (path: string) =>
    swarm.services.some((other) => {
      if (other.id === service.id) return false;
      const entry = ledger?.services[other.id];
      const failed = [...(entry?.setAside ?? []).map((set) => set.failed)];
      if (entry?.rollout?.state === 'failed') failed.push(entry.rollout.target);
      return other.spec.secretIds.some((id) => {
        const { name } = swarm.secret(id) ?? {};
        if (truth.usesOf(other).find((use) => use.name === name)?.path !== path) return false;
        return failed.some((values) => {
          const revision = (values[id] ?? values[`${other.id}/${id}`])?.revision.split(':')[1] ?? '';
          return provider.textOfRevision(path, revision) === provider.textOf(path);
        });
      });
    });
  const paths = truth.usesOf(service).flatMap(({ isPinned, path }) => (!isPinned && hasFailed(path) ? path : []));
  return paths.length === 0 ? null : { allowance: 'failed in another service', paths };
}

/** Why a task may hold an older value until the next change of it; `null` if nothing explains that. */
function mayHoldOld({ witness }: History, service: SimulatedService, taskId: string, path: string): Allowance | null {
  if (witness.mayBeUnnoted(taskId)) return 'crash before the note';
  return witness.isOverlooked(service.id, path);
}

/** Why a service may have a bad value as long as nobody writes another; `null` if nothing explains that. */
function mayStayBad({ witness, truth, settings, provider }: History, service: SimulatedService): Allowance | null {
  const { allowed, touchedAtMs } = witness.pastOf(service.id);
  const bad = truth.badUses(service);
  if (bad.length === 0) return null;
  if (settings.policy.onFailure === 'pause' || service.spec.update.onFailure === 'continue') return 'left to the user';
  // The last good values are given together, so none of them may be gone.
  const isGone = !provider.abilities.keepsVersions || truth.usesOf(service).some(({ path }) => truth.wasDeleted(path));
  if (isGone) return 'last good value gone';
  for (const allowance of allowed.keys()) return allowance;
  return bad.some(({ path }) => touchedAtMs >= truth.changedAtMs(path) - 60_000) ? 'user touched' : null;
}

function ledgerProblems(history: History): readonly FinalProblem[] {
  const { swarm, truth } = history;
  const ledger = parseLedger(swarm.ledgerText);
  if (ledger === null) {
    // Of pinned values there is nothing to write down.
    const isNeeded = swarm.services.some((service) => truth.usesOf(service).some(({ isPinned }) => !isPinned));
    return isNeeded ? [{ what: 'there is no ledger', excuse: null }] : [];
  }
  const used = new Set(
    swarm.snapshot().services.flatMap(({ id, secretIds, formerSecretIds }) => {
      return [...secretIds, ...formerSecretIds].flatMap((key) => [key, `${id}/${key}`]);
    }),
  );
  const unused = Object.keys(ledger.secrets).filter((key) => !used.has(key));
  return [
    ...unused.map((key) => ({ what: `the ledger has the secret ${key}, which nobody uses`, excuse: null })),
    ...Object.entries(ledger.services).flatMap(([id, entry]) => entryProblems(history, id, entry)),
  ];
}

function entryProblems(
  history: History,
  id: string,
  entry: LedgerDocument['services'][string],
): readonly FinalProblem[] {
  const { swarm, truth, witness } = history;
  const service = swarm.services.find((candidate) => candidate.id === id);
  if (service === undefined) return [{ what: `the ledger has the service ${id}, which is gone`, excuse: null }];
  if (truth.badUses(service).length > 0 || truth.isPinnedToBad(service)) return [];
  const { rollout, setAside, requested, earlier, exceptions } = entry;
  // What is not rolled may go on holding something old, of which the ledger has a note.
  const isHeldBack = ({ isAuto, path }: TrueUse) => !isAuto || isStopped(history, service, path);
  const holdsOld = service.kind === 'job' || truth.usesOf(service).some(isHeldBack);
  // Swarm may return to a spec with secrets that the present one does not have.
  const former = swarm.snapshot().services.find((workload) => workload.id === id)?.formerSecretIds ?? [];
  const isFormer = (key: string) => former.some((secret) => key === secret || key === `${id}/${secret}`);
  const left = [
    rollout === null ? '' : 'a rollout',
    setAside.length === 0 ? '' : 'values set aside',
    requested.length === 0 ? '' : 'a request',
    holdsOld || Object.keys(earlier).every(isFormer) ? '' : 'earlier values',
    holdsOld || Object.values(exceptions).every((values) => Object.keys(values).every(isFormer)) ? '' : 'exceptions',
  ].filter((name) => name !== '');
  if (left.length === 0) return [];
  const paths = truth.usesOf(service).map(({ path }) => path);
  const overlooked = paths.map((path) => witness.isOverlooked(id, path)).find((why) => why !== null) ?? null;
  const excuse =
    overlooked === null
      ? (heldBackByHand(history, service) ?? whyStopped(history, service))
      : { allowance: overlooked, paths };
  return [{ what: `the ledger has ${left.join(', ')} of ${service.name}: ${JSON.stringify(entry)}`, excuse }];
}
