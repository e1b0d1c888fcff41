import { isOfRef, type LedgerDocument, type SecretVersion, untagRevision } from '@vault-swarm/rotation/ledger-format';
import { isBadFor } from '../failing.ts';
import type { SimulatedService } from '../swarm/service.ts';
import { desiredSlots } from '../swarm/slots.ts';
import type { TrueBinding } from './ground-truth.ts';
import type { Run } from './run.ts';
import type { ToleratedAnomaly } from './tolerated-anomalies.ts';

/** Something that is still wrong. */
export interface FinalProblem {
  readonly what: string;
  /** What explains it until these paths get other values; `null` if nothing does. */
  readonly excuse: { readonly anomaly: ToleratedAnomaly; readonly paths: readonly string[] } | null;
}

/** What is still wrong in a world that is healthy, by what is true of it and not by what the plugins say. */
export function finalProblems(run: Run): readonly FinalProblem[] {
  const { swarm } = run;
  const ofServices = swarm.services.filter(({ kind }) => kind === 'service').flatMap((one) => problemsOf(run, one));
  return [...ofServices, ...ledgerProblems(run)];
}

function problemsOf(run: Run, service: SimulatedService): readonly FinalProblem[] {
  const { truth, provider, swarm, oracle } = run;
  const bad = truth.badBindings(service);
  const whyBad = truth.isPinnedToBad(service) ? 'pinned to a bad value' : mayStayBad(run, service);
  if (whyBad !== null) {
    oracle.allowances.uses(whyBad, service.name);
    return [];
  }
  const problems: FinalProblem[] = [];
  const isWrong = (what: string, excuse: FinalProblem['excuse'] = null) => problems.push({ what, excuse });
  const running = swarm.runningTasks(service.id);
  const desired = desiredSlots(service).length;
  if (running.length !== desired) {
    const what = `${service.name} runs ${running.length} of ${desired} tasks (${service.status.state})`;
    isWrong(what, mayBeLost(run, service) ?? whyStopped(run, service));
  }
  for (const { id, held } of running) {
    for (const { name, path, isAuto } of truth.bindingsOf(service)) {
      const text = held.get(name)?.text;
      if (!isAuto) continue;
      if (text === undefined) {
        isWrong(`${id} of ${service.name} was made before it used ${name}`);
        continue;
      }
      if (isBadFor(text, service.name)) {
        isWrong(`${id} of ${service.name} holds ${name}="${text}", which is bad`, whyStopped(run, service));
      }
      // Together with a bad one of the same rollout, a good one may be quarantined.
      if (text === provider.textOf(path) || bad.length > 0) continue;
      if (isStopped(run, service, path)) continue;
      const anomaly = mayHoldOld(run, service, id, path);
      const excuse = anomaly === null ? whyStopped(run, service) : { anomaly, paths: [path] };
      isWrong(`${id} of ${service.name} holds ${name}="${text}" instead of "${provider.textOf(path)}"`, excuse);
    }
  }
  for (const { task, use } of oracle.manual.unmet(service)) {
    const what = `${task.id} of ${service.name} has an older ${use.name} than was requested for it`;
    const anomaly = mayHoldOld(run, service, task.id, use.path);
    isWrong(what, anomaly === null ? null : { anomaly, paths: [use.path] });
  }
  return problems;
}

/**
 * Why no task of a service may start before there is another value: the last good one of what is quarantined is gone, or
 * a user who undid a rollout of the plugin undid its values, and those before may be gone since.
 */
export function mayBeLost(
  { ledger, truth, oracle, swarm, provider }: Run,
  service: SimulatedService,
): FinalProblem['excuse'] {
  const quarantines = ledger?.services[service.id]?.quarantines ?? [];
  const uses = truth.bindingsOf(service);
  const paths = uses.map(({ path }) => path);
  const isManual = paths.some((path) => oracle.overlooked.isExplainedBy(service.id, path, 'rolled back manually'));
  if (quarantines.length > 0 && isManual) return { anomaly: 'rolled back manually', paths };
  const isGone = service.spec.secretIds.some((id) => {
    const use = uses.find(({ name }) => name === swarm.secret(id)?.name);
    const lastGood = quarantines.map((set) => set.lastGood[id] ?? set.lastGood[`${service.id}/${id}`]);
    return lastGood.some((value) => use !== undefined && value !== undefined && !isKept(provider, use, value));
  });
  return isGone ? { anomaly: 'last good value gone', paths } : null;
}

function isKept(provider: Run['provider'], { path, refKey }: TrueBinding, version: SecretVersion): boolean {
  return isOfRef(version, refKey) && provider.keeps(path, untagRevision(version.revision));
}

/**
 * Whether a value made tasks of another service fail, so that this one does not start with it: neither for it, nor for another of
 * its secrets that changed.
 */
function isStopped({ swarm, truth, provider, ledger }: Run, service: SimulatedService, path: string): boolean {
  const mayFail = (of: string) => {
    const text = provider.textOf(of) ?? '';
    return swarm.services.some((other) => {
      return (
        other.id !== service.id && isBadFor(text, other.name) && truth.badBindings(other).some((use) => use.path === of)
      );
    });
  };
  const own = truth.bindingsOf(service).filter(({ isPinned }) => !isPinned);
  return (
    mayFail(path) ||
    failedTogether({ swarm, truth, ledger }, service, path) ||
    own.some((use) => mayFail(use.path) && !holdsAll(swarm.runningTasks(service.id), use, provider))
  );
}

/** Whether a value is quarantined for another service with one that is bad for it: nobody can tell which of the set failed. */
function failedTogether(
  { swarm, truth, ledger }: Pick<Run, 'swarm' | 'truth' | 'ledger'>,
  service: SimulatedService,
  path: string,
): boolean {
  const names = truth
    .bindingsOf(service)
    .filter((use) => use.path === path)
    .map(({ name }) => name);
  const keys = service.spec.secretIds.filter((id) => names.includes(swarm.secret(id)?.name ?? ''));
  return swarm.services.some((other) => {
    const sets = ledger?.services[other.id]?.quarantines ?? [];
    const isMember = sets.some(({ failed }) => keys.some((key) => key in failed));
    return other.id !== service.id && isMember && truth.badBindings(other).length > 0;
  });
}

/** Whether every running task holds the newest values of all secrets for which the service is restarted. */
export function holdsNewest({ swarm, truth, provider }: Run, service: SimulatedService): boolean {
  const running = swarm.runningTasks(service.id);
  return truth.bindingsOf(service).every((use) => !use.isAuto || holdsAll(running, use, provider));
}

/** Whether every running task holds the newest value. */
function holdsAll(
  running: ReturnType<Run['swarm']['runningTasks']>,
  { name, path }: { readonly name: string; readonly path: string },
  provider: Run['provider'],
): boolean {
  return running.every(({ held }) => held.get(name)?.text === provider.textOf(path));
}

/**
 * A value made tasks of another service fail, or was taken to have, so that this one does not start with it: neither for it,
 * nor for another of its secrets that changed. The next change of these values ends that.
 */
function whyStopped({ swarm, truth, provider, ledger }: Run, service: SimulatedService): FinalProblem['excuse'] {
  const hasFailed = (path: string) =>
    swarm.services.some((other) => {
      if (other.id === service.id) return false;
      const entry = ledger?.services[other.id];
      const failed = (entry?.quarantines ?? []).filter(({ isByUser }) => !isByUser).map((set) => set.failed);
      if (entry?.rollout?.state === 'failed') failed.push(entry.rollout.target);
      return other.spec.secretIds.some((id) => {
        const { name } = swarm.secret(id) ?? {};
        const binding = truth.bindingsOf(other).find((use) => use.name === name);
        if (binding?.path !== path) return false;
        return failed.some((values) => {
          const text = truth.textAt(binding, values[id] ?? values[`${other.id}/${id}`]);
          return text !== undefined && text === provider.textOf(path);
        });
      });
    });
  const paths = truth.bindingsOf(service).flatMap(({ isPinned, path }) => (!isPinned && hasFailed(path) ? path : []));
  return paths.length === 0 ? null : { anomaly: 'failed in another service', paths };
}

/** Why a task may hold an older value until the next change of it; `null` if nothing explains that. */
function mayHoldOld({ oracle }: Run, service: SimulatedService, taskId: string, path: string): ToleratedAnomaly | null {
  if (oracle.mayBeUnrecorded(taskId)) return 'crash before the note';
  return oracle.overlooked.why(service.id, path);
}

/** Why a service may have a bad value as long as nobody writes another; `null` if nothing explains that. */
function mayStayBad({ oracle, truth, settings, provider }: Run, service: SimulatedService): ToleratedAnomaly | null {
  const { tolerated, touchedAtMs } = oracle.pastOf(service.id);
  const bad = truth.badBindings(service);
  if (bad.length === 0) return null;
  if (settings.policy.onFailure === 'pause' || service.spec.update.onFailure === 'continue') return 'left to the user';
  // The last good values are given together, so none of them may be gone.
  const isGone =
    !provider.abilities.keepsVersions || truth.bindingsOf(service).some(({ path }) => truth.wasDeleted(path));
  if (isGone) return 'last good value gone';
  for (const anomaly of tolerated.keys()) return anomaly;
  return bad.some(({ path }) => touchedAtMs >= truth.changedAtMs(path) - 60_000) ? 'user touched' : null;
}

function ledgerProblems(run: Run): readonly FinalProblem[] {
  const { swarm, truth, ledger } = run;
  if (ledger === null) {
    // Of pinned values there is nothing to write down.
    const isNeeded = swarm.services.some((service) => truth.bindingsOf(service).some(({ isPinned }) => !isPinned));
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
    ...Object.entries(ledger.services).flatMap(([id, entry]) => entryProblems(run, id, entry)),
  ];
}

function entryProblems(run: Run, id: string, entry: LedgerDocument['services'][string]): readonly FinalProblem[] {
  const { swarm, truth, oracle, settings } = run;
  const service = swarm.services.find((candidate) => candidate.id === id);
  if (service === undefined) return [{ what: `the ledger has the service ${id}, which is gone`, excuse: null }];
  if (truth.badBindings(service).length > 0 || truth.isPinnedToBad(service)) return [];
  const { rollout, quarantines, requested, previousValues, taskOverrides } = entry;
  // What is not rolled may go on holding something old, of which the ledger has a note.
  const isHeldByLockdown = ({ isAuto, path }: TrueBinding) => !isAuto || isStopped(run, service, path);
  const holdsOld = service.kind === 'job' || truth.bindingsOf(service).some(isHeldByLockdown);
  // Swarm may return to a spec with secrets that the present one does not have.
  const former = swarm.snapshot().services.find((workload) => workload.id === id)?.formerSecretIds ?? [];
  const isFormer = (key: string) => former.some((secret) => key === secret || key === `${id}/${secret}`);
  const left = [
    rollout === null ? '' : 'a rollout',
    quarantines.every(({ failed }) => Object.keys(failed).every(isFormer)) ? '' : 'quarantined values',
    requested.length === 0 ? '' : 'a request',
    holdsOld || Object.keys(previousValues).every(isFormer) ? '' : 'earlier values',
    holdsOld || Object.values(taskOverrides).every((values) => Object.keys(values).every(isFormer)) ? '' : 'exceptions',
  ].filter((name) => name !== '');
  if (left.length === 0) return [];
  const paths = truth.bindingsOf(service).map(({ path }) => path);
  const overlooked = paths.map((path) => oracle.overlooked.why(id, path)).find((why) => why !== null) ?? null;
  // By this policy a rollout that failed, for whatever value, waits for its operator.
  const isLeft =
    settings.policy.onFailure === 'pause' && rollout?.state === 'failed' && service.status.state === 'paused';
  const anomaly = overlooked ?? (isLeft ? 'left to the user' : null);
  const excuse = anomaly === null ? whyStopped(run, service) : { anomaly, paths };
  return [{ what: `the ledger has ${left.join(', ')} of ${service.name}: ${JSON.stringify(entry)}`, excuse }];
}
