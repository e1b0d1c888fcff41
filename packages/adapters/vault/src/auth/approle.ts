import { type Credential, type Environment, ProviderError } from '@vault-swarm/provider';
import { type AuthMethod, loginWith, readCredential } from './method.ts';

/** A role's id and a secret id for it. */
export interface AppRoleConfig {
  readonly method: 'approle';
  readonly roleId: string;
  /** Undefined only where a problem was reported. */
  readonly secretId: Credential | undefined;
}

/** Reads `VAULT_ROLE_ID` and `VAULT_SECRET_ID` or `VAULT_SECRET_ID_FILE`, and reports what is missing. */
export function parseAppRole(environment: Environment, variable: (name: string) => string): AppRoleConfig {
  const needed = `is needed by ${variable('AUTH_METHOD')}=approle`;
  const roleId = environment.text(variable('ROLE_ID'), '');
  if (roleId === '') environment.report(variable('ROLE_ID'), needed);
  const secretId = environment.credential(variable('SECRET_ID'));
  if (!environment.has(variable('SECRET_ID')) && !environment.has(variable('SECRET_ID_FILE'))) {
    environment.report(variable('SECRET_ID'), `or ${variable('SECRET_ID_FILE')} ${needed}`);
  }
  return { method: 'approle', roleId, secretId };
}

/** Logs in at `auth/approle`. The secret id is read again for each login. */
export function appRoleAuth({ roleId, secretId: credential }: AppRoleConfig): AuthMethod {
  return {
    name: 'approle',
    issuesTokens: true,
    prepare() {
      if (credential === undefined) throw new ProviderError('UNAUTHENTICATED', 'no secret id is configured');
      const secretId = readCredential(credential);
      return {
        key: secretId,
        login: (client, signal) =>
          loginWith(client, 'auth/approle/login', { role_id: roleId, secret_id: secretId }, signal, {
            method: 'AppRole',
            advice: `check the role id and ${credential.variable}`,
          }),
      };
    },
  };
}
