import { type Credential, ONE_LINE, ProviderError, VISIBLE_ASCII } from '@vault-swarm/provider';
import { encodePath } from '../paths.ts';
import { type AuthMethod, type LoginAttempt, loginWith, readCredential } from './method.ts';
import { type AuthSettings, neededCredential, parseAuthMount } from './settings.ts';

/** A login with a signed token of another system (an identity provider, a Kubernetes cluster) and a role. */
export interface JwtConfig {
  readonly method: 'jwt';
  readonly mount: string;
  /** Undefined: the mount's default role. */
  readonly role: string | undefined;
  /** Undefined only if a problem was reported. */
  readonly jwt: Credential | undefined;
  /** The variable of `role`, for messages. */
  readonly roleVariable: string;
}

/** Reads `VAULT_JWT_ROLE`, and `VAULT_JWT` or `VAULT_JWT_FILE`. Reports missing ones. */
export function parseJwt(settings: AuthSettings): JwtConfig {
  const { environment, variable } = settings;
  return {
    method: 'jwt',
    mount: parseAuthMount(settings, 'jwt'),
    role: environment.formedText(variable('JWT_ROLE'), ONE_LINE),
    jwt: neededCredential(settings, { name: 'JWT', method: 'jwt', form: VISIBLE_ASCII }),
    roleVariable: variable('JWT_ROLE'),
  };
}

/**
 * Logs in at `auth/jwt`, or at another mount with the same API, such as `auth/kubernetes` or `auth/oidc`. The token is
 * read again for each login, because its issuer replaces it before it expires.
 */
export function jwtAuth({ mount, role, jwt: credential, roleVariable }: JwtConfig): AuthMethod {
  return {
    name: 'jwt',
    issuesTokens: true,
    prepare(client): LoginAttempt {
      if (credential === undefined) throw new ProviderError('UNAUTHENTICATED', 'no JWT is configured');
      const jwt = readCredential(credential);
      const body = role === undefined ? { jwt } : { jwt, role };
      return {
        key: jwt,
        login: (signal) =>
          loginWith(client, `auth/${encodePath(mount)}/login`, body, signal, {
            method: 'JWT',
            advice: `check ${roleVariable}, and that the token of ${credential.variable} has not expired`,
            isRepeatable: true,
          }),
      };
    },
  };
}
