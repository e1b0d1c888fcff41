import { ONE_LINE } from '@vault-swarm/provider';
import { encodePath } from '../paths.ts';
import { type AuthMethod, type LoginAttempt, loginWith } from './method.ts';
import { type AuthSettings, parseAuthMount } from './settings.ts';

/** A login with the client certificate of our connections. */
export interface CertConfig {
  readonly method: 'cert';
  readonly mount: string;
  /** The role to use; undefined: any role that matches. */
  readonly role: string | undefined;
  /** The variable of the certificate, for messages. */
  readonly certificateVariable: string;
}

/** Reads `VAULT_CERT_ROLE`. Reports a missing client certificate (`VAULT_CLIENT_CERT`) or missing TLS. */
export function parseCert(settings: AuthSettings): CertConfig {
  const { environment, variable } = settings;
  const needed = `${variable('AUTH_METHOD')}=cert`;
  if (!environment.has(variable('CLIENT_CERT')) && !environment.has(variable('CLIENT_KEY'))) {
    environment.report(variable('CLIENT_CERT'), `and ${variable('CLIENT_KEY')} are needed by ${needed}`);
  }
  if (!environment.text(variable('ADDR'), '').startsWith('https:')) {
    environment.report(variable('ADDR'), `must be set and start with https:// for ${needed}`);
  }
  return {
    method: 'cert',
    mount: parseAuthMount(settings, 'cert'),
    role: environment.formedText(variable('CERT_ROLE'), ONE_LINE),
    certificateVariable: variable('CLIENT_CERT'),
  };
}

/** Logs in at `auth/cert` with the client certificate, read again from its files. */
export function certAuth({ mount, role, certificateVariable }: CertConfig): AuthMethod {
  return {
    name: 'cert',
    issuesTokens: true,
    prepare: (client): LoginAttempt => ({
      key: client.certificate,
      login: (signal) =>
        loginWith(client, `auth/${encodePath(mount)}/login`, role === undefined ? {} : { name: role }, signal, {
          method: 'certificate',
          advice: `check that a role there trusts ${certificateVariable}, and that it has not expired`,
          isRepeatable: true,
        }),
    }),
  };
}
