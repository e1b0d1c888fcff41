import { ONE_LINE } from '@vault-swarm/provider';
import { encodePath } from '../paths.ts';
import { type AuthMethod, type LoginAttempt, loginWith } from './method.ts';
import { type AuthSettings, parseAuthMount } from './settings.ts';

/** The client certificate of our connections says who we are. */
export interface CertConfig {
  readonly method: 'cert';
  readonly mount: string;
  /** The role that must fit; undefined: any that does. */
  readonly role: string | undefined;
  /** The variable of the certificate, for messages. */
  readonly certificateVariable: string;
}

/**
 * Reads `VAULT_CERT_ROLE`, and reports where there is no client certificate (`VAULT_CLIENT_CERT`) or no TLS that could
 * carry one.
 */
export function parseCert(settings: AuthSettings): CertConfig {
  const { environment, variable } = settings;
  const needed = `${variable('AUTH_METHOD')}=cert`;
  if (!environment.has(variable('CLIENT_CERT')) && !environment.has(variable('CLIENT_KEY'))) {
    environment.report(variable('CLIENT_CERT'), `and ${variable('CLIENT_KEY')} are needed by ${needed}`);
  }
  if (!environment.text(variable('ADDR'), '').startsWith('https:')) {
    environment.report(variable('ADDR'), `must be given and start with https:// for ${needed}`);
  }
  return {
    method: 'cert',
    mount: parseAuthMount(settings, 'cert'),
    role: environment.formedText(variable('CERT_ROLE'), ONE_LINE),
    certificateVariable: variable('CLIENT_CERT'),
  };
}

/** Logs in at `auth/cert`, with the certificate that the connections show: that of the files as they are now. */
export function certAuth({ mount, role, certificateVariable }: CertConfig): AuthMethod {
  return {
    name: 'cert',
    issuesTokens: true,
    prepare: (client): LoginAttempt => ({
      key: client.certificate,
      login: (signal) =>
        loginWith(client, `auth/${encodePath(mount)}/login`, role === undefined ? {} : { name: role }, signal, {
          method: 'certificate',
          advice: `check that a role there trusts ${certificateVariable}, and that it has not ended`,
          isRepeatable: true,
        }),
    }),
  };
}
