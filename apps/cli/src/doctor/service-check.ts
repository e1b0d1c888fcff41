import { count, names } from '../terminal/words.ts';
import type { EngineSecret, EngineService } from './engine.ts';
import { type Check, checked, type Finding, hint } from './finding.ts';

/** What a rotation would do to the services that use these secrets, where it may surprise. */
export function checkServices(services: readonly EngineService[], secrets: readonly EngineSecret[]): Check {
  const ids = new Set(secrets.map(({ ID }) => ID));
  const users = services.filter(
    ({ Spec: spec }) =>
      isLongRunning(spec) && spec?.TaskTemplate?.ContainerSpec?.Secrets?.some(({ SecretID = '' }) => ids.has(SecretID)),
  );
  const findings: Finding[] = [];
  const note = (found: readonly EngineService[], message: (who: string) => string, fix: string) => {
    if (found.length > 0) findings.push(hint(message(names(found.map(nameOf))), fix));
  };
  note(
    users.filter(({ Spec: spec }) => spec?.TaskTemplate?.RestartPolicy?.Condition === 'none'),
    (who) =>
      `Swarm does not restart a failed task of ${who} (restart condition none), also if it did not get its secret`,
    'After you fixed a cause, run docker service update --force SERVICE. Or set the restart condition any.',
  );
  const lonely = users.filter((service) => isLonely(service) && !startsFirst(service));
  note(
    lonely.filter(keepsData),
    (who) => `a rotation restarts the only task of ${who}, which keeps data, and stops it before the new one starts`,
    'To choose the moment (vault-swarm rotate), label its secrets rotate=manual. Or make the service tolerate a restart.',
  );
  note(
    lonely.filter((service) => !keepsData(service)),
    (who) => `a rotation stops the only task of ${who} before the new one starts`,
    'If two tasks can run at the same time, run docker service update --update-order start-first SERVICE.',
  );
  note(
    users.filter((service) => failureAction(service) === 'continue'),
    (who) => `${who}: Swarm continues an update whose tasks fail, so a bad value reaches all of them`,
    'To roll a bad value back, run docker service update --update-failure-action rollback SERVICE.',
  );
  note(
    users.filter((service) => failureAction(service) === undefined),
    (who) =>
      `${who}: no update_config, so Swarm uses its defaults: one task at a time, stop first, pause after a failure`,
    'Set update_config: order, parallelism, monitor, failure_action: rollback.',
  );
  return checked('services', `${count(users.length, 'service')} would be rolled by rotations`, findings);
}

function nameOf({ Spec: spec }: EngineService): string {
  return spec?.Name ?? '';
}

function isLongRunning(spec: EngineService['Spec']): boolean {
  return spec?.Mode?.Replicated !== undefined || spec?.Mode?.Global !== undefined;
}

function isLonely({ Spec: spec }: EngineService): boolean {
  return spec?.Mode?.Replicated?.Replicas === 1;
}

function startsFirst({ Spec: spec }: EngineService): boolean {
  return spec?.UpdateConfig?.Order === 'start-first';
}

function keepsData({ Spec: spec }: EngineService): boolean {
  return spec?.TaskTemplate?.ContainerSpec?.Mounts?.some(({ Type: type }) => type !== 'tmpfs') ?? false;
}

/** `undefined` where the service says nothing of its updates. */
function failureAction({ Spec: spec }: EngineService): string | undefined {
  return spec?.UpdateConfig === undefined ? undefined : (spec.UpdateConfig.FailureAction ?? 'pause');
}
