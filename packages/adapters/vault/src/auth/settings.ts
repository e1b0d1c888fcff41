import { quoted } from '@vault-swarm/kernel';
import type { Credential, Environment, TextForm } from '@vault-swarm/provider';
import { pathProblem, withoutSpareSlashes } from '../paths.ts';

/** The settings of one login method, for its parser. */
export interface AuthSettings {
  readonly environment: Environment;
  /** The complete name of a variable: `VAULT_ROLE_ID` or `OPENBAO_ROLE_ID` for `ROLE_ID`. */
  readonly variable: (name: string) => string;
}

/**
 * Reads `VAULT_AUTH_MOUNT`: the mount of a method below `auth/`, without slashes at its ends. The default is the
 * method's name. It may start with `auth/`, as Vault writes it.
 */
export function parseAuthMount({ environment, variable }: AuthSettings, method: string): string {
  const given = environment.text(variable('AUTH_MOUNT'), method);
  const mount = withoutSpareSlashes(given).replace(/^auth\//, '');
  const problem = pathProblem(mount);
  if (problem !== null) environment.report(variable('AUTH_MOUNT'), `${quoted(given)} ${problem}`);
  return mount;
}

/** A setting that a method requires, and which texts can be sent. */
export interface NeededSetting {
  readonly name: string;
  readonly method: string;
  readonly form: TextForm;
}

/** Reads a text that a method requires. Reports if it is missing or can't be sent. */
export function neededText({ environment, variable }: AuthSettings, { name, method, form }: NeededSetting): string {
  const text = environment.formedText(variable(name), form) ?? '';
  if (text === '') environment.report(variable(name), `is needed by ${variable('AUTH_METHOD')}=${method}`);
  return text;
}

/** Reads a credential that a method requires. Reports if it is missing or can't be sent. */
export function neededCredential(
  { environment, variable }: AuthSettings,
  { name, method, form }: NeededSetting,
): Credential | undefined {
  const [given, file] = [variable(name), variable(`${name}_FILE`)];
  if (!environment.has(given) && !environment.has(file)) {
    environment.report(given, `or ${file} is needed by ${variable('AUTH_METHOD')}=${method}`);
  }
  return environment.credential(given, form);
}
