import { type Credential, ONE_LINE, ProviderError } from '@vault-swarm/provider';
import { encodePath } from '../paths.ts';
import { type AuthMethod, type LoginAttempt, loginWith, readCredential } from './method.ts';
import { type AuthSettings, neededCredential, neededText, parseAuthMount } from './settings.ts';

/** A user name and password, which Vault (`userpass`) or a directory server (`ldap`) verifies. */
export interface PasswordConfig {
  readonly method: 'userpass' | 'ldap';
  readonly mount: string;
  readonly username: string;
  /** Undefined only if a problem was reported. */
  readonly password: Credential | undefined;
  /** The variable of `username`, for messages. */
  readonly usernameVariable: string;
}

/** Reads `VAULT_USERNAME`, and `VAULT_PASSWORD` or `VAULT_PASSWORD_FILE`. Reports missing ones. */
export function parsePassword(method: 'userpass' | 'ldap'): (settings: AuthSettings) => PasswordConfig {
  return (settings) => ({
    method,
    mount: parseAuthMount(settings, method),
    username: neededText(settings, { name: 'USERNAME', method, form: ONE_LINE }),
    password: neededCredential(settings, { name: 'PASSWORD', method, form: ONE_LINE }),
    usernameVariable: settings.variable('USERNAME'),
  });
}

/** Logs in at `auth/userpass` or `auth/ldap`, which have the same API. The password is read again for each login. */
export function passwordAuth(config: PasswordConfig): AuthMethod {
  const { method, mount, username, password: credential, usernameVariable } = config;
  return {
    name: method,
    issuesTokens: true,
    prepare(client): LoginAttempt {
      if (credential === undefined) throw new ProviderError('UNAUTHENTICATED', 'no password is configured');
      const password = readCredential(credential);
      // A slash in a name is part of the name, not a separator.
      const path = `auth/${encodePath(mount)}/login/${encodeURIComponent(username)}`;
      return {
        key: password,
        login: (signal) =>
          loginWith(client, path, { password }, signal, {
            method,
            advice: `check ${usernameVariable} and ${credential.variable}`,
            isRepeatable: true,
          }),
      };
    },
  };
}
