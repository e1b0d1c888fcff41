import { describe, expect, test } from 'vitest';
import { httpLabelScheme } from './labels.ts';
import { parsed, type Settings } from './testing/configured.ts';

const readFile = (path: string) => {
  if (path.startsWith('/there/')) return path.endsWith('.pem') ? '-----BEGIN CERTIFICATE-----' : 'a-token\n';
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
};
const small: Settings = { url: 'https://secrets.example/', path: '/v1/{name}', 'placeholders.name.pattern': '[a-z]+' };
const problemsOf = (more: Settings) => parsed({ ...small, ...more }, readFile).problems;

test('the smallest instance has a url, a path, and a pattern for each placeholder', () => {
  const { config, problems } = parsed(small, readFile);
  expect(problems).toEqual([]);
  expect(config).toMatchObject({
    url: 'https://secrets.example',
    value: { kind: 'body' },
    revision: { kind: 'digest' },
    probe: { kind: 'none' },
  });
});

test('everything can be set, and the files of credentials are known as our own', () => {
  const { config, problems, ownFiles } = parsed(
    {
      ...small,
      'placeholders.name.default': 'app',
      'headers.Authorization.file': '/there/token',
      'headers.Authorization.before': 'Bearer ',
      'headers.Accept': 'application/json; version=2',
      'fields.list': '/fields',
      'fields.name': '/label',
      'fields.value': '/value',
      'revision.0': '/id',
      'revision.1': '/version',
      'probe.path': '/v1/{name}/metadata',
      'tls.ca_file': '/there/ca.pem',
      'tls.cert_file': '/there/client.pem',
      'tls.key_file': '/there/key.pem',
      'tls.server_name': 'internal.example',
      proxy: 'http://proxy.example:3128',
      max_calls_per_hour: '600',
    },
    readFile,
  );
  expect(problems).toEqual([]);
  expect(ownFiles.map(({ path }) => path)).toEqual([
    '/there/token',
    '/there/ca.pem',
    '/there/client.pem',
    '/there/key.pem',
  ]);
  expect(config).toMatchObject({
    revision: { kind: 'pointers', pointers: ['/id', '/version'] },
    probe: { kind: 'path', path: { text: '/v1/{name}/metadata' } },
    value: { kind: 'list' },
    maxCallsPerHour: 600,
  });
});

test.each<[Settings, string]>([
  [{ url: '' }, 'url: is missing'],
  [{ url: 'ftp://x' }, 'url: "ftp://x" must be an address'],
  [{ url: 'https://x?token=a' }, 'url: must have no query'],
  [{ url: 'http://169.254.169.254/latest' }, 'url: "http://169.254.169.254/latest" is a metadata service'],
  [{ url: 'http://0xa9fea9fe' }, 'is a metadata service'],
  [{ url: 'http://[fd00:ec2::254]' }, 'is a metadata service'],
  [{ url: 'http://[::ffff:169.254.169.254]' }, 'is a metadata service'],
  [{ url: 'http://metadata.google.internal.' }, 'is a metadata service'],
  [{ path: '' }, 'path: is missing'],
  [{ path: 'v1/{name}' }, 'path: "v1/{name}" must start with "/"'],
  [{ path: '/v1/{name' }, 'has a brace'],
  [{ path: '/v1/{Name}' }, 'has the placeholder "Name"'],
  [{ path: '/v1/../{name}' }, 'must not have "." or ".."'],
  [{ path: '/v1/%2e%2E/{name}' }, 'must not have "." or ".."'],
  [{ path: '/v1/{name}#x' }, 'without "#"'],
  [{ path: '/v1/{name}/{other}' }, 'placeholders.other: is missing'],
  [{ 'placeholders.more.pattern': 'x' }, 'placeholders.more: is in no path'],
  [{ 'placeholders.name.pattern': '' }, 'placeholders.name.pattern: is missing'],
  [{ 'placeholders.name.pattern': '[a-z' }, 'is no regular expression'],
  [{ 'placeholders.name.pattern': '(a+)+' }, 'must not repeat a group'],
  [{ 'placeholders.name.pattern': '^a' }, 'must have no anchors'],
  [{ 'placeholders.name.default': 'A' }, 'placeholders.name.default: "A" does not match'],
  [{ 'headers.Authorization': 'Bearer canary' }, 'headers.Authorization: is a credential, which has no place here'],
  [{ 'headers.Authorization.file': '/nowhere' }, 'headers.Authorization.file: "/nowhere" names a file'],
  [{ 'headers.Host': 'x' }, 'headers.Host: is a header that is always set'],
  [{ 'headers.A b': 'x' }, 'headers.A b: is no name of a header'],
  [{ 'headers.Accept': 'ä' }, 'headers.Accept: "ä" must be of visible ASCII'],
  [{ 'headers.X-Id.before': 'x' }, 'headers.X-Id: must be a text, or have a file'],
  [{ value: 'data' }, 'value: "data" must be a JSON pointer'],
  [{ value: '/a', 'fields.list': '/b' }, 'fields: is given, and value too'],
  [{ 'fields.list': '/b' }, 'fields.name: is missing'],
  [{ revision: 'version' }, 'revision: "version" must be digest, etag'],
  [{ probe: 'head' }, 'probe: "head" compares ETags; set revision to etag'],
  [{ probe: 'always' }, 'probe: "always" must be one of'],
  [{ 'probe.path': '/m/{name}' }, 'probe.path: needs a revision'],
  [{ 'tls.cert_file': '/there/client.pem' }, 'tls.key_file: is missing'],
  [{ 'tls.ca_file': '/there/text' }, 'names a file that is not PEM'],
  [{ proxy: 'socks://x' }, 'proxy: must be the address of an HTTP proxy'],
  [{ max_calls_per_hour: '0' }, 'max_calls_per_hour: "0" must be a whole number'],
  [{ timeout: '10s' }, 'timeout: unread'],
])('%j is refused, and says what is wrong', (more, message) => {
  const problems = problemsOf(more);
  expect(problems).toContainEqual(expect.stringContaining(message));
  expect(problems.join()).not.toContain('canary');
});

test('plain http to another machine is a warning', () => {
  expect(parsed({ ...small, url: 'http://secrets.example' }, readFile).warnings).toMatchObject([
    { code: 'plain-http' },
  ]);
  expect(parsed({ ...small, url: 'http://127.0.0.1:8080' }, readFile).warnings).toEqual([]);
});

describe('labels', () => {
  const scheme = httpLabelScheme(
    parsed(
      { ...small, path: '/{env}/{name}', 'placeholders.env.pattern': 'dev|prod', 'placeholders.env.default': 'prod' },
      readFile,
    ).config,
  );
  const target = (labels: Readonly<Record<string, string>>) => scheme.target(labels, () => 'web/db');

  test('give the placeholders of the path and the field', () => {
    expect(scheme.names).toEqual(['http_name', 'http_env', 'http_field']);
    expect(target({ http_name: 'db', http_field: 'a' })).toEqual({
      ...{ location: { env: 'prod', name: 'db' }, path: 'db/prod' },
      field: 'a',
    });
    expect(target({ http_name: 'db', http_env: 'dev' }).location).toEqual({ env: 'dev', name: 'db' });
  });

  test.each([
    [{}, 'label "http_name" is missing'],
    [{ http_name: 'DB' }, 'label "http_name" = "DB" must match "[a-z]+"'],
    [{ http_name: 'db\n' }, 'label "http_name" = "db\\n" must match'],
    [{ http_name: 'db/../x' }, 'must match'],
    [{ http_name: 'a'.repeat(513) }, 'must match'],
    [{ http_name: 'db', http_env: 'staging' }, 'label "http_env" = "staging" must match "dev|prod"'],
  ])('%j are refused', (labels, message) => {
    expect(() => target(labels as Readonly<Record<string, string>>)).toThrow(message);
  });

  test('of an instance whose configuration is not known are all that start with http_', () => {
    const open = httpLabelScheme(undefined);
    expect(open.names).toEqual(['http_*', 'http_field']);
    expect(open.target({ http_a: 'x', http_field: 'f' }, () => '')).toEqual({
      ...{ location: { a: 'x' }, path: 'x' },
      field: 'f',
    });
  });

  test('of two placeholders, a slash in a value does not look like the next placeholder to the access policy', () => {
    const open = httpLabelScheme(undefined);
    const pathOf = (labels: Readonly<Record<string, string>>) => open.target(labels, () => '').path;
    expect(pathOf({ http_a: 'shop/x', http_b: 'y' })).toBe('shop%2Fx/y');
    expect(pathOf({ http_a: 'shop', http_b: 'x/y' })).toBe('shop/x%2Fy');
    expect(pathOf({ http_a: 'shop%2Fx', http_b: 'y' })).toBe('shop%252Fx/y');
    expect(pathOf({ http_a: 'shop/x/y' })).toBe('shop/x/y');
  });
});
