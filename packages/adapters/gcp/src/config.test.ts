import { Environment, LabelReader } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { parseGcpConfig } from './config.ts';
import { gcpLabelScheme } from './labels.ts';

const ACCOUNT = {
  type: 'service_account',
  project_id: 'from-the-key',
  client_email: 'a@b.example',
  private_key: 'canary',
};
const EXTERNAL = {
  type: 'external_account',
  audience: '//iam.googleapis.com/x',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: 'https://sts.googleapis.com/v1/token',
};

function parse(variables: Record<string, string>, files: Readonly<Record<string, string>> = {}) {
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  };
  const environment = new Environment(variables, readFile);
  const config = parseGcpConfig(environment, { readFile });
  const problems = environment.problems.map(({ variable, message }) => `${variable} ${message}`);
  return { config, problems, warnings: environment.warnings, ownFiles: environment.ownFiles };
}

describe('the configuration of the gcp provider', () => {
  test('is nothing if the machine has a service account', () => {
    const { config, problems } = parse({});
    expect(problems).toEqual([]);
    expect(config).toMatchObject({
      projectId: undefined,
      credentials: undefined,
      metadataService: 'http://169.254.169.254',
    });
  });

  test('takes the project of the key, unless another is set', () => {
    const given = { GCP_CREDENTIALS_JSON: JSON.stringify(ACCOUNT) };
    expect(parse(given).config.projectId).toBe('from-the-key');
    expect(parse({ ...given, GOOGLE_CLOUD_PROJECT: 'other' }).config.projectId).toBe('other');
    expect(parse({ ...given, GOOGLE_CLOUD_PROJECT: 'other', GCP_PROJECT_ID: 'own' }).config.projectId).toBe('own');
  });

  test('takes credentials from a file, also by the name of Google libraries, and never shows them', () => {
    const files = { '/key.json': JSON.stringify(ACCOUNT) };
    for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'GCP_CREDENTIALS_JSON_FILE']) {
      const { config, problems, ownFiles } = parse({ [name]: '/key.json' }, files);
      expect(problems).toEqual([]);
      expect(config.credentials?.read()).toBe(files['/key.json']);
      expect(ownFiles).toContainEqual({ variable: name, path: '/key.json', kind: 'credential' });
      expect(JSON.stringify(config)).not.toContain('canary');
    }
  });

  test('counts the file of a token as one of its own', () => {
    const json = JSON.stringify({ ...EXTERNAL, credential_source: { file: '/var/run/token' } });
    const { problems, ownFiles } = parse({ GCP_CREDENTIALS_JSON: json });
    expect(problems).toEqual([]);
    expect(ownFiles).toContainEqual({ variable: 'GCP_CREDENTIALS_JSON', path: '/var/run/token', kind: 'credential' });
  });

  test.for<[string, object | string, string]>([
    ['text', 'canary', 'must be the JSON of credentials'],
    ['a list', [], 'must be a JSON object'],
    ['another type', { type: 'gdch_service_account' }, 'must be credentials of a known type'],
    ['no key', { ...ACCOUNT, private_key: undefined }, 'has no text as "private_key"'],
    [
      'an address without TLS',
      { ...ACCOUNT, token_uri: 'http://canary.example/' },
      'has no https address as "token_uri"',
    ],
    ['no source', EXTERNAL, 'must be a JSON object in "credential_source."'],
    [
      'a program',
      { ...EXTERNAL, credential_source: { executable: { command: 'canary' } } },
      'of another kind than a file or a URL',
    ],
    ['AWS', { ...EXTERNAL, credential_source: { environment_id: 'aws1', url: 'https://canary' } }, 'of another kind'],
    [
      'no field',
      { ...EXTERNAL, credential_source: { file: '/t', format: { type: 'json' } } },
      'has no text as "credential_source.format.subject_token_field_name"',
    ],
    [
      'no inner credentials',
      { type: 'impersonated_service_account', source_credentials: {} },
      'has no text as "source_credentials.type"',
    ],
  ])('says what is wrong with credentials of %s, and shows nothing of them', ([_, given, message]) => {
    const json = typeof given === 'string' ? given : JSON.stringify(given);
    const { problems } = parse({ GCP_CREDENTIALS_JSON: json });
    expect(problems).toEqual([expect.stringContaining(message)]);
    expect(problems.join()).not.toContain('canary');
  });

  test.for<[Record<string, string>, string]>([
    [{ GCP_PROJECT_ID: 'My Project' }, 'GCP_PROJECT_ID "My Project" must be the id or number of a project'],
    [{ GCP_ENDPOINT: 'https://host/v1' }, 'GCP_ENDPOINT "https://host/v1" must be an address without a path'],
    [{ GCE_METADATA_HOST: 'http://host/' }, 'GCE_METADATA_HOST "http://host/" must be a host'],
    [{ GCP_MAX_CALLS_PER_HOUR: '0' }, 'must be a whole number from 1'],
    [{ GOOGLE_APPLICATION_CREDENTIALS: '/nowhere' }, 'does not exist'],
    [
      { GOOGLE_APPLICATION_CREDENTIALS: '/key.json', GCP_CREDENTIALS_JSON: '{}' },
      'GOOGLE_APPLICATION_CREDENTIALS and GCP_CREDENTIALS_JSON are two logins; remove one of them',
    ],
  ])('says what is wrong with %o', ([variables, message]) => {
    expect(parse(variables, { '/key.json': '{}' }).problems.join('\n')).toContain(message);
  });

  test('warns of an address without encryption, and of what only Google libraries read', () => {
    const { warnings } = parse({ GCP_ENDPOINT: 'http://host.example', GOOGLE_CLOUD_QUOTA_PROJECT: 'x' });
    expect(warnings.map(({ code }) => code).sort()).toEqual(['plain-http', 'setting-unread']);
  });
});

describe('the labels of the gcp provider', () => {
  const labels = new LabelReader([{ name: 'gcp', scheme: gcpLabelScheme }]);
  const FULL = 'projects/my-project/secrets/db';

  test.for<[Record<string, string>, object]>([
    [{ gcp_secret_name: 'db' }, { location: { name: 'db' } }],
    [
      { gcp_secret_name: FULL, gcp_field: 'a.b' },
      { location: { name: FULL }, field: 'a.b' },
    ],
    [
      { gcp_secret_name: 'db', gcp_version: '5' },
      { location: { name: 'db' }, pin: '5' },
    ],
    [{ gcp_secret_name: `${FULL}/versions/5` }, { location: { name: FULL }, pin: '5' }],
    [{ gcp_secret_name: `${FULL}/versions/latest` }, { location: { name: FULL } }],
    [
      { gcp_secret_name: `${FULL}/versions/5`, gcp_version: '5' },
      { location: { name: FULL }, pin: '5' },
    ],
    [
      { gcp_version: 'latest-enabled' },
      { location: { name: 'web-db_password', version: 'latest-enabled' }, path: 'web-db_password' },
    ],
    [
      { gcp_secret_name: 'db', gcp_version: 'prod' },
      { location: { name: 'db', version: 'prod' }, path: 'db' },
    ],
    [
      { gcp_secret_name: 'projects/1/locations/europe-west3/secrets/db' },
      { location: { name: 'projects/1/locations/europe-west3/secrets/db' } },
    ],
  ])('%o', ([given, expected]) => {
    expect(labels.read(given, 'db_password', 'web').ref).toEqual({ provider: 'gcp', encoding: 'raw', ...expected });
  });

  test.for([
    ['web', 'db_password', 'web-db_password'],
    ['shop.web', 'key', 'shop-web-key'],
  ])('without a name, %s and %s give %s', ([service, secret = '', name]) => {
    expect(labels.read({}, secret, service).ref.location).toEqual({ name });
  });

  test.for<[Record<string, string>, string]>([
    [{ gcp_secret_name: 'app/db' }, '"gcp_secret_name" = "app/db" must be an id of letters'],
    [{ gcp_secret_name: 'projects/p/secrets/../x' }, 'must be an id of letters'],
    [{ gcp_secret_name: `${FULL}/versions/5`, gcp_version: '6' }, 'both choose a version; remove one'],
    [{ gcp_secret_name: 'db', gcp_version: '0' }, '"gcp_version" = "0" must have a version such as 5'],
    [{ gcp_secret_name: `${FULL}/versions/a b` }, 'must have a version such as 5'],
    [{ gcp_name: 'db' }, '"gcp_name" = "db" is not known; gcp has gcp_secret_name'],
  ])('refuse %o', ([given, message]) => {
    expect(() => labels.read(given, 'db', 'web')).toThrow(message);
  });
});
