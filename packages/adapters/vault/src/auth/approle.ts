import { quoted } from '@vault-swarm/kernel';
import { type Credential, ONE_LINE, ProviderError, VISIBLE_ASCII } from '@vault-swarm/provider';
import type { VaultClient } from '../client.ts';
import { encodePath } from '../paths.ts';
import { type AuthMethod, type LoginAttempt, loginWith, readCredential } from './method.ts';
import { unwrapSecretId } from './response-wrapping.ts';
import { type AuthSettings, neededCredential, neededText, parseAuthMount } from './settings.ts';

/** A role id and its secret id. */
export interface AppRoleConfig {
  readonly method: 'approle';
  readonly mount: string;
  readonly roleId: string;
  /** Undefined only if a problem was reported. */
  readonly secretId: Credential | undefined;
  /**
   * If the secret id is wrapped: the path at which it must have been wrapped. `secretId` is then the wrapping token.
   */
  readonly wrappingPath: string | undefined;
  /** The variable of `roleId`, for messages. */
  readonly roleIdVariable: string;
}

/**
 * Reads `VAULT_ROLE_ID`, `VAULT_SECRET_ID` or `VAULT_SECRET_ID_FILE`, and `VAULT_SECRET_ID_WRAPPING_PATH`. Reports
 * missing ones.
 */
export function parseAppRole(settings: AuthSettings): AppRoleConfig {
  const { environment, variable } = settings;
  const given = environment.optional(variable('SECRET_ID_WRAPPING_PATH'));
  const wrappingPath = given?.replace(/^\/+|\/+$/g, '');
  if (wrappingPath !== undefined && !/^[\x21-\x7e]+\/[\x21-\x7e]+$/.test(wrappingPath)) {
    environment.report(
      variable('SECRET_ID_WRAPPING_PATH'),
      `${quoted(given ?? '')} must be the path at which secret ids are created, such as auth/approle/role/NAME/secret-id`,
    );
  }
  return {
    method: 'approle',
    mount: parseAuthMount(settings, 'approle'),
    roleId: neededText(settings, { name: 'ROLE_ID', method: 'approle', form: VISIBLE_ASCII }),
    // A wrapping token is sent as a header.
    secretId: neededCredential(settings, {
      name: 'SECRET_ID',
      method: 'approle',
      form: wrappingPath === undefined ? ONE_LINE : VISIBLE_ASCII,
    }),
    wrappingPath,
    roleIdVariable: variable('ROLE_ID'),
  };
}

/**
 * Logs in at `auth/approle`. The secret id is read again for each login. A wrapped one is unwrapped once and kept in
 * memory until the wrapping token changes.
 */
export function appRoleAuth(config: AppRoleConfig): AuthMethod {
  const { mount, roleId, secretId: credential, wrappingPath, roleIdVariable } = config;
  let unwrapped: { readonly token: string; readonly secretId: string } | undefined;
  /** A credential that was sent without a response, so that it may be used up. */
  let unanswered: string | undefined;

  const secretIdOf = async (given: string, variable: string, client: VaultClient, signal: AbortSignal) => {
    if (wrappingPath === undefined) return given;
    if (unwrapped?.token !== given) {
      unwrapped = {
        token: given,
        secretId: await unwrapSecretId(client, {
          token: given,
          wrappingPath,
          variable,
          signal,
          isUnanswered: unanswered === given,
          onUnanswered: () => {
            unanswered = given;
          },
        }),
      };
    }
    return unwrapped.secretId;
  };

  return {
    name: 'approle',
    issuesTokens: true,
    prepare(client): LoginAttempt {
      if (credential === undefined) throw new ProviderError('UNAUTHENTICATED', 'no secret id is configured');
      const given = readCredential(credential);
      return {
        key: given,
        async login(signal) {
          const secretId = await secretIdOf(given, credential.variable, client, signal);
          const body = { role_id: roleId, secret_id: secretId };
          const used = unanswered === secretId ? '; an earlier login got no response and may have used it up' : '';
          return loginWith(client, `auth/${encodePath(mount)}/login`, body, signal, {
            method: 'AppRole',
            advice: `check ${roleIdVariable} and ${credential.variable}${used === '' ? ', whose secret id may have expired or be used up' : used}`,
            isRepeatable: false,
            onUnanswered: () => {
              unanswered = secretId;
            },
          });
        },
      };
    },
  };
}
