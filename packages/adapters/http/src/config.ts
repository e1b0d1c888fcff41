import { BlockList, isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { quoted } from '@vault-swarm/kernel';
import { type Credential, type Environment, type ReadFile, VISIBLE_ASCII } from '@vault-swarm/provider';
import { hostnameOf } from './access/host-header.ts';
import { certificateProblems, readCertificate, TLS_VARIABLES } from './tls/certificate.ts';
import type { CertificateSource } from './tls/certificate-reloader.ts';

export {
  type HookConfig,
  type HookEntry,
  type HookKind,
  hookKinds,
  parseHooks,
  STANDARD_SECRET,
} from './hooks/hook-config.ts';

export { hookRequests, type MonitoringEvent, monitoringEvents } from './monitoring-events.ts';

const WISE_TOKEN_LENGTH = 16;

/** Where monitoring listens, and which clients have access. */
export interface MonitoringConfig {
  readonly enabled: boolean;
  /** An address or a name, without brackets. */
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  /** Gives full access. Without this and `viewToken`, every client that reaches the port has access. */
  readonly token: Credential | undefined;
  /** Gives read access. */
  readonly viewToken: Credential | undefined;
  readonly allowAnonymous: boolean;
  /** Host names that are answered without a token, besides this machine's own; normalised by `hostnameOf`. */
  readonly allowedHosts: readonly string[];
  /** HTTPS with this certificate, or HTTP without one. */
  readonly tls: CertificateSource | undefined;
}

/**
 * Reads `ENABLE_MONITORING` and `MONITORING_*`. Problems are reported to `environment`, including an address that
 * other machines can reach without a token. Reads the certificate's files. A token that can be guessed is a warning.
 */
export function parseMonitoringConfig(environment: Environment, readFile: ReadFile): MonitoringConfig {
  const config = {
    enabled: environment.boolean('ENABLE_MONITORING', true),
    host: environment.text('MONITORING_HOST', '127.0.0.1').replace(/^\[(.*)\]$/, '$1'),
    port: environment.integer('MONITORING_PORT', 8080, { min: 0, max: 65_535 }),
    token: environment.credential('MONITORING_TOKEN', VISIBLE_ASCII),
    viewToken: environment.credential('MONITORING_VIEW_TOKEN', VISIBLE_ASCII),
    allowAnonymous: environment.boolean('MONITORING_ALLOW_ANONYMOUS', false),
    allowedHosts: parseAllowedHosts(environment),
    tls: parseTls(environment, readFile),
  };
  checkTokens(environment, config);
  if (isIP(config.host) === 0 && !/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(config.host)) {
    environment.report(
      'MONITORING_HOST',
      `${quoted(config.host)} must be an address such as 127.0.0.1 or ::1, or a name`,
    );
  } else if (config.enabled && !isLoopbackAddress(config.host) && !keepsOthersOut(environment, config)) {
    environment.report(
      'MONITORING_HOST',
      `${quoted(config.host)} can be reached from other machines: set MONITORING_TOKEN or MONITORING_TOKEN_FILE, ` +
        'or MONITORING_ALLOW_ANONYMOUS=true to give access to every client, or listen on 127.0.0.1',
    );
  }
  needAllowedHosts(environment, config);
  warnOfAnonymous(environment, config);
  return config;
}

/** Whether only this machine can reach the address. */
export function isLoopbackAddress(host: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  const version = isIP(host);
  return version === 0 ? host.toLowerCase() === 'localhost' : loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

function checkTokens(
  environment: Environment,
  { token, viewToken }: Pick<MonitoringConfig, 'token' | 'viewToken'>,
): void {
  for (const credential of [token, viewToken]) {
    if (credential === undefined) continue;
    if (credential.read().length < WISE_TOKEN_LENGTH) {
      const message = 'is short and can be guessed; create a longer one, for example with "openssl rand -base64 32"';
      environment.warn('short-token', credential.variable, message);
    }
  }
  if (token !== undefined && viewToken !== undefined && token.read() === viewToken.read()) {
    environment.report(viewToken.variable, 'must differ from MONITORING_TOKEN, which has full access');
  }
}

function parseAllowedHosts(environment: Environment): readonly string[] {
  const given = environment.text('MONITORING_ALLOWED_HOSTS', '').split(/[\s,]+/);
  return given.flatMap((entry) => {
    if (entry === '') return [];
    const bare = isIPv6(entry) ? `[${entry}]` : entry;
    // Browsers send a name with non-ASCII letters as `xn--…`.
    const ascii = /[\u0080-\uffff]/.test(bare) && /^[\w.\u0080-\uffff-]+$/.test(bare) ? domainToASCII(bare) : bare;
    const hostname = /:\d+$/.test(bare) ? null : hostnameOf(ascii);
    if (hostname !== null) return [hostname];
    const allowed =
      'must be names or addresses separated by commas, such as manager-1,10.0.0.7, without ports and wildcards';
    environment.report('MONITORING_ALLOWED_HOSTS', `${quoted(entry)} ${allowed}`);
    return [];
  });
}

/** If every client has full access, a web page could use it through a DNS name that it points here. */
function needAllowedHosts(
  environment: Environment,
  { enabled, host, token, viewToken, allowAnonymous }: Omit<MonitoringConfig, 'tls'>,
): void {
  const hasToken = token !== undefined || viewToken !== undefined;
  if (!enabled || !allowAnonymous || isLoopbackAddress(host) || hasToken) return;
  if (environment.has('MONITORING_ALLOWED_HOSTS')) return;
  environment.report(
    'MONITORING_ALLOWED_HOSTS',
    `is needed with MONITORING_ALLOW_ANONYMOUS=true on ${quoted(host)}: list the names and addresses that clients use for the port, ` +
      'such as manager-1,10.0.0.7; otherwise a web page could reach it through a DNS name of its own',
  );
}

function warnOfAnonymous(
  environment: Environment,
  { enabled, host, token, viewToken, allowAnonymous }: Omit<MonitoringConfig, 'tls'>,
): void {
  if (!enabled || isLoopbackAddress(host) || token !== undefined || viewToken !== undefined) return;
  const allowed = allowAnonymous ? 'request rotations' : 'see the names of secrets and services';
  const message = `is ${quoted(host)}, and no token is set: every client that reaches the port can ${allowed}; set MONITORING_TOKEN`;
  environment.warn('anonymous-monitoring', 'MONITORING_HOST', message);
}

function parseTls(environment: Environment, readFile: ReadFile): CertificateSource | undefined {
  const cert = environment.ownPath('MONITORING_TLS_CERT_FILE', 'file');
  const key = environment.ownPath('MONITORING_TLS_KEY_FILE', 'credential');
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    const [given, missing] =
      cert === undefined ? [TLS_VARIABLES.key, TLS_VARIABLES.cert] : [TLS_VARIABLES.cert, TLS_VARIABLES.key];
    environment.report(given, `needs ${missing} too; set both, or neither`);
    return undefined;
  }
  const problems = certificateProblems(readFile, { cert, key });
  for (const { variable, message } of problems) environment.report(variable, message);
  if (problems.length > 0) return undefined;
  const read = () => readCertificate(readFile, { cert, key });
  return { first: read(), read };
}

// Wrong values were reported already.
function keepsOthersOut(
  environment: Environment,
  { allowAnonymous }: Pick<MonitoringConfig, 'allowAnonymous'>,
): boolean {
  const names = ['MONITORING_TOKEN', 'MONITORING_TOKEN_FILE', 'MONITORING_VIEW_TOKEN', 'MONITORING_VIEW_TOKEN_FILE'];
  return allowAnonymous || [...names, ...Object.values(TLS_VARIABLES)].some((name) => environment.has(name));
}
