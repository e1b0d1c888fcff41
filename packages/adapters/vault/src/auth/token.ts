import { type Credential, ProviderError, VISIBLE_ASCII } from '@vault-swarm/provider';
import { type AuthMethod, readCredential } from './method.ts';
import { type AuthSettings, neededCredential } from './settings.ts';
import { lookupToken } from './token-lookup.ts';

/** A token that was created outside of the plugin. */
export interface TokenConfig {
  readonly method: 'token';
  /** Undefined only if a problem was reported. */
  readonly token: Credential | undefined;
}

/** Reads `VAULT_TOKEN` or `VAULT_TOKEN_FILE`. Reports if neither is set. */
export function parseToken(settings: AuthSettings): TokenConfig {
  const { environment, variable } = settings;
  const token = neededCredential(settings, { name: 'TOKEN', method: 'token', form: VISIBLE_ASCII });
  if (environment.has(variable('AUTH_MOUNT'))) {
    environment.report(variable('AUTH_MOUNT'), `has no effect with ${variable('AUTH_METHOD')}=token; remove it`);
  }
  return { method: 'token', token };
}

/**
 * Uses the token after looking up its lifetime. A file is read again for each login, so that a replaced token is used
 * when the old one is rejected.
 */
export function tokenAuth({ token: credential }: TokenConfig): AuthMethod {
  /** The latest token with a limited number of uses. */
  let limited: string | undefined;
  return {
    name: 'token',
    issuesTokens: false,
    prepare(client) {
      if (credential === undefined) throw new ProviderError('UNAUTHENTICATED', 'no token is configured');
      const token = readCredential(credential);
      return {
        key: token,
        async login(signal) {
          const state = await lookupToken(client, token, signal);
          if (!state.alive || state.uses === 0) {
            const why =
              token === limited || state.alive
                ? 'all of its uses are used up'
                : 'it expired, was revoked, is used up or never existed';
            throw new ProviderError(
              'UNAUTHENTICATED',
              `${client.server} rejects the token: ${why}; renew ${credential.variable}`,
            );
          }
          const { leaseMs, renewable, uses } = state;
          if (uses === null) return { token, leaseMs, renewable, uses };
          limited = token;
          const problem = `the token of ${credential.variable} had ${uses} uses left at login (num_uses) and is revoked with the last one; create one without that limit`;
          return { token, leaseMs, renewable, uses, problem };
        },
      };
    },
  };
}
