import { displayText, quoted } from '@vault-swarm/kernel';
import { Credential, type Environment, type ReadFile, whyUnreadable } from '@vault-swarm/provider';

export { displayName } from './display-name.ts';
export { dockerAdvice } from './docker-advice.ts';
export { withoutTag } from './plugin-name.ts';

/** How the engine is verified, and how we show who we are. Texts are PEM. */
export interface DockerTlsConfig {
  readonly ca: string;
  readonly certificate: string;
  readonly key: Credential;
  /** If false, any certificate of the engine is accepted, as Docker's own client does without `DOCKER_TLS_VERIFY`. */
  readonly verify: boolean;
}

/** The address of the engine. */
export type DockerConfig =
  | { readonly kind: 'unix'; readonly socketPath: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: DockerTlsConfig | null };

const WITHOUT_TLS = 'docker-without-tls';

/**
 * The most leases whose accounts fit in a config object, with space to spare. If a write of the accounts was rejected for
 * its size, nothing would be revoked any more.
 */
export const MAX_LEASES = 10_000;

/** The codes of warnings that only this adapter has. */
export const dockerWarningCodes: readonly string[] = [WITHOUT_TLS];

const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const ALLOWED = `must be unix:///PATH or tcp://HOST:PORT, such as ${DEFAULT_HOST}`;

/** Variables that Docker's own client reads and the plugin does not, with what to do instead. */
const UNREAD: Readonly<Record<string, string>> = {
  DOCKER_API_VERSION: "the plugin uses the engine's newest API version",
  DOCKER_CONFIG: "the configuration of Docker's command line has no effect; set DOCKER_HOST and DOCKER_CERT_PATH",
  DOCKER_CONTEXT: "set the engine's address as DOCKER_HOST",
  DOCKER_CUSTOM_HEADERS: 'no further headers are sent',
  DOCKER_TLS: 'set DOCKER_CERT_PATH, and DOCKER_TLS_VERIFY=1',
};

/**
 * Reads `DOCKER_HOST`, `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` as Docker's own client does: any value of
 * `DOCKER_TLS_VERIFY` turns verification on, and a certificate path alone means TLS without verification. Problems are
 * reported to `environment`, with warnings for variables of Docker's own client that have no effect here. The result
 * is usable only if there are no problems. Certificates are read now.
 */
export function parseDockerConfig(environment: Environment, readFile: ReadFile): DockerConfig {
  for (const [name, advice] of Object.entries(UNREAD)) environment.warnUnread(name, advice);
  const given = environment.text('DOCKER_HOST', DEFAULT_HOST);
  const [, scheme = '', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(given) ?? [];
  if (scheme === 'tcp') return parseTcp(environment, readFile, given, rest);
  if (scheme === 'ssh' || scheme === 'npipe') {
    environment.report(
      'DOCKER_HOST',
      `${quoted(shown(given))} can't be used: ${scheme}:// is not supported; it ${ALLOWED}`,
    );
  } else if (scheme !== 'unix' || !rest.startsWith('/')) {
    environment.report('DOCKER_HOST', `${quoted(shown(given))} ${ALLOWED}`);
  }
  return { kind: 'unix', socketPath: rest };
}

/** The engine's address for messages. */
export function describeEngine(config: DockerConfig): string {
  return config.kind === 'unix' ? `unix://${config.socketPath}` : `tcp://${config.host}:${config.port}`;
}

function parseTcp(environment: Environment, readFile: ReadFile, given: string, rest: string): DockerConfig {
  const tls = parseTls(environment, readFile);
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s/?#@:[\]]+))(?::(\d{1,5}))?\/?$/.exec(rest) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits ?? (tls === null ? 2375 : 2376));
  if (host === undefined || port < 1 || port > 65_535) {
    environment.report('DOCKER_HOST', `${quoted(shown(given))} ${ALLOWED}`);
  }
  if (tls === null) {
    const message = `is ${displayText(shown(given))} without TLS: every client that reaches that port, or the network on the way, controls the engine; set DOCKER_CERT_PATH and DOCKER_TLS_VERIFY`;
    environment.warn(WITHOUT_TLS, 'DOCKER_HOST', message);
  } else if (!tls.verify) {
    const message =
      'is set without DOCKER_TLS_VERIFY: any certificate of the engine is accepted; set DOCKER_TLS_VERIFY=1 too';
    environment.warn('certificate-not-verified', 'DOCKER_CERT_PATH', message);
  }
  return { kind: 'tcp', host: host ?? '', port, tls };
}

function parseTls(environment: Environment, readFile: ReadFile): DockerTlsConfig | null {
  const directory = environment.optional('DOCKER_CERT_PATH');
  const verify = environment.has('DOCKER_TLS_VERIFY');
  if (directory === undefined) {
    if (verify)
      environment.report(
        'DOCKER_TLS_VERIFY',
        'is set, so DOCKER_CERT_PATH must name a directory with ca.pem, cert.pem and key.pem',
      );
    return null;
  }
  environment.addOwnFile({ variable: 'DOCKER_CERT_PATH', path: directory, kind: 'directory' });
  environment.addOwnFile({ variable: 'DOCKER_CERT_PATH', path: `${directory}/key.pem`, kind: 'credential' });
  const read = (file: string): string => {
    try {
      return readFile(`${directory}/${file}`);
    } catch (error) {
      environment.report(
        'DOCKER_CERT_PATH',
        `${quoted(directory)} must be a directory with ca.pem, cert.pem and key.pem; ${file} ${whyUnreadable(error)}`,
      );
      return '';
    }
  };
  const key = read('key.pem');
  return {
    ca: read('ca.pem'),
    certificate: read('cert.pem'),
    key: new Credential('DOCKER_CERT_PATH', () => key),
    verify,
  };
}

/** Removes the password that an address may contain. */
function shown(address: string): string {
  return address.replace(/\/\/[^/]*@/, '//…@');
}
