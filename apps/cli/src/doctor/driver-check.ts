import { withoutTag } from '@vault-swarm/docker/config';
import { displayText } from '@vault-swarm/kernel';
import { names } from '../terminal/words.ts';
import type { EngineSecret } from './engine.ts';
import { type Check, checked, type Finding, hint, wrong } from './finding.ts';
import { isOfProvider } from './label-check.ts';
import { resembles } from './plugin-name.ts';

/** The secrets whose driver is the plugin of this name. */
export function ourSecrets(secrets: readonly EngineSecret[], pluginName: string): readonly EngineSecret[] {
  return secrets.filter(({ Spec: spec }) => withoutTag(spec?.Driver?.Name ?? '') === withoutTag(pluginName));
}

/** Whether secrets name the plugin as it is called. */
export function checkDrivers(secrets: readonly EngineSecret[], pluginName: string): Check {
  const ours = ourSecrets(secrets, pluginName);
  const others = new Map<string, string[]>();
  for (const { Spec: spec } of secrets) {
    const driver = spec?.Driver?.Name;
    if (driver === undefined || withoutTag(driver) === withoutTag(pluginName)) continue;
    others.set(driver, [...(others.get(driver) ?? []), spec?.Name ?? '']);
  }
  const findings: Finding[] = [...others].flatMap(([driver, users]) =>
    resembles(driver, pluginName)
      ? wrong(
          `the driver of ${names(users)} is ${displayText(driver)}, and the plugin's name is ${pluginName}`,
          `Create these secrets again with --driver ${pluginName} (a driver cannot be changed), or start the plugin with PLUGIN_NAME=${displayText(withoutTag(driver))}.`,
        )
      : [],
  );
  const withOptions = ours.filter(({ Spec: spec }) => Object.keys(spec?.Driver?.Options ?? {}).length > 0);
  if (withOptions.length > 0) findings.push(optionsAreNotRead(withOptions));
  const withoutDriver = secrets.filter(
    ({ Spec: spec }) => spec?.Driver === undefined && Object.keys(spec?.Labels ?? {}).some(isOfProvider),
  );
  if (withoutDriver.length > 0) findings.push(noDriver(withoutDriver, pluginName));
  if (ours.length === 0 && findings.length === 0) findings.push(noneIsOurs([...others.keys()], pluginName));
  return checked('drivers', `${ours.length} of ${secrets.length} secrets have the driver ${pluginName}`, findings);
}

/** Swarm delivers the text with which such a secret was created. */
function noDriver(secrets: readonly EngineSecret[], pluginName: string): Finding {
  return wrong(
    `${names(secrets.map(({ Spec: spec }) => spec?.Name ?? ''))} has labels of the plugin and no driver, so the plugin is not asked for it`,
    `Create these secrets again with --driver ${pluginName}, or driver: ${pluginName} in a stack file.`,
  );
}

/** Swarm keeps options of a driver, and never gives them to it. */
function optionsAreNotRead(secrets: readonly EngineSecret[]): Finding {
  return wrong(
    `${names(secrets.map(({ Spec: spec }) => spec?.Name ?? ''))} has driver options, which Docker does not pass to a driver`,
    'Create these secrets again with labels: --label vault_path=PATH, or labels: in a stack file.',
  );
}

function noneIsOurs(drivers: readonly string[], pluginName: string): Finding {
  return drivers.length === 0
    ? hint(
        `no secret has the driver ${pluginName} yet`,
        `To create one, run docker secret create --driver ${pluginName} --label vault_path=PATH NAME.`,
      )
    : hint(
        `no secret has the driver ${pluginName}, but there are some with ${names(drivers)}`,
        'If one of these is this plugin, set PLUGIN_NAME to this name, here and for the plugin.',
      );
}
