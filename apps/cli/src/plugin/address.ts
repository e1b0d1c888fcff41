import { quoted } from '@vault-swarm/kernel';
import { type Credential, type Environment, type ReadFile, VISIBLE_ASCII, whyUnreadable } from '@vault-swarm/provider';
import { Failure } from '../failure.ts';

/** Where the plugin's monitoring port is, and who we are to it. */
export interface PluginAddress {
  /** `http:` or `https:`, without user, query and fragment; a path ends with a slash. */
  readonly url: URL;
  /** The variable or option that it is from, for messages; `null` for the default. */
  readonly source: string | null;
  readonly token: Credential | null;
  /** PEM of the authorities that are trusted instead of the system's. */
  readonly ca: string | null;
}

/** The names of the variables that are read, for the reference. */
export const addressVariables = [
  'VAULT_SWARM_URL',
  'VAULT_SWARM_TOKEN',
  'VAULT_SWARM_CACERT',
  'MONITORING_PORT',
  'MONITORING_TLS_CERT_FILE',
  'MONITORING_TOKEN',
  'MONITORING_VIEW_TOKEN',
] as const;

/**
 * Finds the plugin: `given` (the option `--url`), else `VAULT_SWARM_URL`, else this machine's `MONITORING_PORT`. A
 * variable that the plugin itself is configured with is taken where there is none of ours, so that its own environment
 * file serves here too.
 *
 * @throws {Failure} `WRONG_USE` with everything that is wrong.
 */
export function findPlugin(environment: Environment, readFile: ReadFile, given: string | undefined): PluginAddress {
  const { url, source } = findUrl(environment, given);
  const address: PluginAddress = {
    url,
    source,
    token: findToken(environment),
    ca: readAuthorities(environment, readFile),
  };
  const { problems } = environment;
  if (problems.length > 0) {
    throw new Failure(
      'WRONG_USE',
      problems.map(({ variable, message }) => `${variable}: ${message}`).join('; '),
      'Correct it, or remove the variable.',
    );
  }
  return address;
}

function findUrl(environment: Environment, given: string | undefined): Pick<PluginAddress, 'url' | 'source'> {
  const variable = environment.credential('VAULT_SWARM_URL');
  const text = given ?? variable?.read();
  const source = given === undefined ? (variable?.variable ?? null) : '--url';
  if (text !== undefined) {
    const url = parseUrl(text);
    if (url === null) {
      environment.report(
        source ?? 'VAULT_SWARM_URL',
        'must be an address such as http://127.0.0.1:8080, without user, password, ? or #',
      );
    }
    return { url: url ?? new URL('http://127.0.0.1/'), source };
  }
  const port = environment.integer('MONITORING_PORT', 8080, { min: 0, max: 65_535 });
  if (port === 0) environment.report('MONITORING_PORT', 'is 0, so the plugin uses a free port; set VAULT_SWARM_URL');
  const scheme = environment.has('MONITORING_TLS_CERT_FILE') ? 'https' : 'http';
  return {
    url: new URL(`${scheme}://127.0.0.1:${port}/`),
    source: environment.has('MONITORING_PORT') ? 'MONITORING_PORT' : null,
  };
}

/** What has a user or password in it is not an address of ours, and is not shown. */
function parseUrl(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!['http:', 'https:'].includes(url.protocol) || !isPlain) return null;
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function findToken(environment: Environment): Credential | null {
  for (const name of ['VAULT_SWARM_TOKEN', 'MONITORING_TOKEN', 'MONITORING_VIEW_TOKEN']) {
    const token = environment.credential(name, VISIBLE_ASCII);
    if (token !== undefined) return token;
  }
  return null;
}

function readAuthorities(environment: Environment, readFile: ReadFile): string | null {
  const path = environment.optional('VAULT_SWARM_CACERT');
  if (path === undefined) return null;
  try {
    const text = readFile(path);
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
    environment.report('VAULT_SWARM_CACERT', `${quoted(path)} contains no certificate; it must be a PEM file`);
  } catch (error) {
    environment.report('VAULT_SWARM_CACERT', `${quoted(path)} ${whyUnreadable(error)}`);
  }
  return null;
}
