import { homedir } from 'node:os';
import { join } from 'node:path';
import { displayText, quoted } from '@vault-swarm/kernel';
import {
  Credential,
  type Environment,
  isThisMachine,
  type ParseContext,
  type Proxies,
  parseProxies,
  type ReadFile,
} from '@vault-swarm/provider';
import { parseCredentials } from './login/credentials.ts';
import { isProject } from './secret-name.ts';

/** The configuration of one project. */
export interface GcpConfig {
  /** The project of secrets that are given by id; `undefined`: that of the machine. */
  readonly projectId: string | undefined;
  /** Replaces Google's addresses. */
  readonly endpoint: string | undefined;
  /** The JSON of the credentials. It is read again for each login. `undefined`: the machine's service account. */
  readonly credentials: Credential | undefined;
  /** The address of the metadata service of Google's machines. */
  readonly metadataService: string;
  /** Reads the files that credentials name. */
  readonly readFile: ReadFile;
  readonly proxies: Proxies;
  /** How many calls per hour probes may make; `undefined`: no limit. */
  readonly maxCallsPerHour: number | undefined;
}

const METADATA_SERVICE = '169.254.169.254';

/** Variables that Google's own libraries read and the plugin does not, with what to do instead. */
const UNREAD: Readonly<Record<string, string>> = {
  GOOGLE_CLOUD_QUOTA_PROJECT: 'the quota of the project of the identity counts',
  GOOGLE_CLOUD_UNIVERSE_DOMAIN: 'set the address of the API as GCP_ENDPOINT',
  GCE_METADATA_IP: 'set it as GCE_METADATA_HOST',
};

/**
 * Reads the `GCP_…` variables, those of Google's own libraries, the proxy variables, and `GCP_MAX_CALLS_PER_HOUR`.
 * Problems are reported to `environment`. The result is usable only if there are none.
 */
export function parseGcpConfig(environment: Environment, { readFile }: Pick<ParseContext, 'readFile'>): GcpConfig {
  for (const [name, advice] of Object.entries(UNREAD)) environment.warnUnread(name, advice);
  const given = parseGivenCredentials(environment, readFile);
  const credentials = given ?? wellKnownCredentials(environment, readFile);
  return {
    projectId: parseProject(environment) ?? projectIn(credentials),
    endpoint: parseEndpoint(environment),
    credentials,
    metadataService: parseMetadataService(environment),
    readFile,
    proxies: parseProxies(environment),
    maxCallsPerHour: environment.has('GCP_MAX_CALLS_PER_HOUR')
      ? environment.integer('GCP_MAX_CALLS_PER_HOUR', 1, { min: 1, max: 1_000_000_000 })
      : undefined,
  };
}

function parseProject(environment: Environment): string | undefined {
  const [project, other] = ['GCP_PROJECT_ID', 'GOOGLE_CLOUD_PROJECT'].map((name) =>
    environment.formedText(name, {
      accepts: isProject,
      requirement: 'must be the id or number of a project, such as my-project-123',
    }),
  );
  return project ?? other;
}

function parseGivenCredentials(environment: Environment, readFile: ReadFile): Credential | undefined {
  const json = environment.credential('GCP_CREDENTIALS_JSON');
  const path = environment.ownPath('GOOGLE_APPLICATION_CREDENTIALS', 'credential');
  if (json !== undefined && path !== undefined) {
    environment.report('GOOGLE_APPLICATION_CREDENTIALS', `and ${json.variable} are two logins; remove one of them`);
    return undefined;
  }
  const credential = path === undefined ? json : fileCredential(environment, readFile, path);
  if (credential !== undefined) check(environment, credential);
  return credential;
}

function fileCredential(environment: Environment, readFile: ReadFile, path: string): Credential | undefined {
  const name = 'GOOGLE_APPLICATION_CREDENTIALS';
  const credential = new Credential(name, () => readFile(path));
  const problem = credential.check();
  if (problem !== null) {
    environment.report(name, `${quoted(path)} names a file that ${problem}`);
    return undefined;
  }
  environment.addCredential({ variable: name, credential });
  return credential;
}

/** The file that `gcloud auth application-default login` writes, if it is there. */
function wellKnownCredentials(environment: Environment, readFile: ReadFile): Credential | undefined {
  const variable = 'GOOGLE_APPLICATION_CREDENTIALS';
  if (
    environment.has(variable) ||
    environment.has('GCP_CREDENTIALS_JSON_FILE') ||
    environment.has('GCP_CREDENTIALS_JSON')
  ) {
    return undefined;
  }
  try {
    const directory = join(homedir(), '.config', 'gcloud');
    environment.addOwnFile({ variable, path: directory, kind: 'directory' });
    const credential = new Credential(variable, () =>
      readFile(join(directory, 'application_default_credentials.json')),
    );
    if (credential.check() !== null || 'problem' in parseCredentials(credential.read())) return undefined;
    return credential;
  } catch {
    // A user without a home has no files there.
    return undefined;
  }
}

function check(environment: Environment, credential: Credential): void {
  const parsed = parseCredentials(credential.read());
  if ('problem' in parsed) {
    environment.report(credential.variable, parsed.problem);
    return;
  }
  for (const path of parsed.files) {
    environment.addOwnFile({ variable: credential.variable, path, kind: 'credential' });
  }
}

function projectIn(credentials: Credential | undefined): string | undefined {
  const parsed = credentials === undefined ? undefined : parseCredentials(credentials.read());
  return parsed !== undefined && 'projectId' in parsed ? parsed.projectId : undefined;
}

function parseEndpoint(environment: Environment): string | undefined {
  const name = 'GCP_ENDPOINT';
  if (!environment.has(name)) return undefined;
  const given = environment.url(name, '');
  const url = URL.parse(given);
  if (url === null) return undefined;
  if (url.pathname !== '/' || url.search !== '') {
    environment.report(name, `${quoted(given)} must be an address without a path`);
  }
  if (url.protocol === 'http:' && !isThisMachine(url.hostname)) {
    const risk = 'tokens and secrets cross the network without encryption; use https';
    environment.warn('plain-http', name, `is ${displayText(given)}: ${risk}`);
  }
  return url.origin;
}

function parseMetadataService(environment: Environment): string {
  const host = environment.formedText('GCE_METADATA_HOST', {
    accepts: (text) => /^[A-Za-z0-9.-]+(:\d{1,5})?$/.test(text),
    requirement: 'must be a host with an optional port, such as 169.254.169.254',
  });
  return `http://${host ?? METADATA_SERVICE}`;
}
