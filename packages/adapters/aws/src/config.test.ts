import { quoted } from '@vault-swarm/kernel';
import { Environment, LabelReader } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { parseAwsConfig } from './config.ts';
import { awsLabelScheme } from './labels.ts';

const labels = new LabelReader([{ name: 'aws', scheme: awsLabelScheme }]);
const ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf';
const MANAGED_ARN = 'arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:rds!cluster-1-AbCdEf';
const VERSION = 'a1b2c3d4-5678-90ab-cdef-EXAMPLE11111';

function parse(variables: Record<string, string>) {
  const files: Readonly<Record<string, string>> = { '/key': 'from-file\n', '/ca.pem': '-----BEGIN CERTIFICATE-----\n' };
  const environment = new Environment(variables, (path) => files[path] ?? '');
  const config = parseAwsConfig(environment);
  return { config, problems: environment.problems, warnings: environment.warnings };
}

describe('the configuration of the aws provider', () => {
  test('is a region, and nothing else if the machine has a role', () => {
    const { config, problems } = parse({ AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: '' });
    expect(problems).toEqual([]);
    expect(config).toMatchObject({ region: 'eu-west-1', keys: undefined, endpoint: undefined });
  });

  test('has authorities from a file, and proxies, which are shown without passwords', () => {
    const { config, problems } = parse({
      AWS_REGION: 'eu-west-1',
      AWS_CA_BUNDLE: '/ca.pem',
      HTTPS_PROXY: 'http://user:password@proxy:3128',
      http_proxy: 'proxy:3128',
      NO_PROXY: 'internal, .example',
    });
    expect(problems).toEqual([]);
    expect(config.authorities).toContain('-----BEGIN CERTIFICATE');
    expect(config.proxies).toEqual({
      http: 'http://proxy:3128',
      https: 'http://user:password@proxy:3128',
      noProxy: ['internal', '.example', 'localhost', '127.0.0.1', '::1'],
    });
    const wrong = parse({
      AWS_REGION: 'eu-west-1',
      AWS_CA_BUNDLE: '/key',
      HTTPS_PROXY: 'socks5://user:password@proxy',
    });
    expect(wrong.problems.map(({ variable }) => variable)).toEqual(['AWS_CA_BUNDLE', 'HTTPS_PROXY']);
    expect(JSON.stringify(wrong.problems)).not.toContain('password@');
  });

  test('takes AWS_DEFAULT_REGION if there is no AWS_REGION', () => {
    expect(parse({ AWS_DEFAULT_REGION: 'eu-west-2' })).toMatchObject({ config: { region: 'eu-west-2' }, problems: [] });
    const both = { AWS_DEFAULT_REGION: 'eu-west-2', AWS_REGION: 'eu-west-1' };
    expect(parse(both)).toMatchObject({ config: { region: 'eu-west-1' }, problems: [] });
    expect(parse({ AWS_DEFAULT_REGION: 'Ireland' }).problems).toMatchObject([{ variable: 'AWS_DEFAULT_REGION' }]);
  });

  test('asks for FIPS with true and nothing else, and at no other address', () => {
    const given = (variables: Record<string, string>) => {
      const { config, problems } = parse({ AWS_REGION: 'us-east-1', ...variables });
      return [config.useFips, problems.map(({ variable }) => variable)];
    };
    expect(given({})).toEqual([false, []]);
    expect(given({ AWS_USE_FIPS_ENDPOINT: 'true' })).toEqual([true, []]);
    expect(given({ AWS_USE_FIPS_ENDPOINT: 'TRUE' })).toEqual([false, ['AWS_USE_FIPS_ENDPOINT']]);
    expect(given({ AWS_USE_FIPS_ENDPOINT: 'true', AWS_ENDPOINT_URL: 'https://vpce.example' })).toEqual([
      true,
      ['AWS_USE_FIPS_ENDPOINT'],
    ]);
  });

  test("warns of what AWS's own tools read, and the plugin does not", () => {
    const { problems, warnings } = parse({ AWS_REGION: 'eu-west-1', AWS_MAX_ATTEMPTS: '10', AWS_RETRY_MODE: '' });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      {
        code: 'setting-unread',
        variable: 'AWS_MAX_ATTEMPTS',
        message: 'is not read by the plugin; a call is sent at most 3 times',
      },
    ]);
  });

  test('takes a region from a profile', () => {
    expect(parse({ AWS_PROFILE: 'prod' }).problems).toEqual([]);
    expect(parse({}).problems).toMatchObject([{ variable: 'AWS_REGION' }]);
  });

  test.for(['eu-west-1', 'us-gov-east-1', 'cn-north-1', 'ap-southeast-7', 'us-iso-east-1'])('takes %s', (region) => {
    expect(parse({ AWS_REGION: region }).problems).toEqual([]);
  });

  test('takes keys from files, and never shows them', () => {
    const { config, problems } = parse({
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIA',
      AWS_SECRET_ACCESS_KEY_FILE: '/key',
    });
    expect(problems).toEqual([]);
    expect(config.keys?.secretAccessKey.read()).toBe('from-file');
    expect(JSON.stringify(config)).not.toContain('from-file');
  });

  test('lets the address of one service win over that of all', () => {
    const { config } = parse({
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: 'http://all.example',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: 'https://one.example',
    });
    expect(config).toMatchObject({ endpoint: 'https://one.example', loginEndpoint: 'http://all.example' });
  });

  test.for([
    [{ AWS_ACCESS_KEY_ID: 'AKIA' }, 'AWS_SECRET_ACCESS_KEY'],
    [{ AWS_SECRET_ACCESS_KEY: 'x' }, 'AWS_ACCESS_KEY_ID'],
    [{ AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'x', AWS_PROFILE: 'prod' }, 'AWS_PROFILE'],
    [{ AWS_WEB_IDENTITY_TOKEN_FILE: '/token' }, 'AWS_ROLE_ARN'],
    [{ AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/swarm' }, 'AWS_ROLE_ARN'],
    [{ AWS_MAX_CALLS_PER_HOUR: '0' }, 'AWS_MAX_CALLS_PER_HOUR'],
  ] as const)('refuses %j, and says what is wrong with %s', ([variables, variable]) => {
    expect(parse({ AWS_REGION: 'eu-west-1', ...variables }).problems).toMatchObject([{ variable }]);
  });
});

describe('the labels of the aws provider', () => {
  test.for([
    [
      { aws_secret_name: 'app/db', aws_field: '/tls/crt' },
      { location: { name: 'app/db' }, field: '/tls/crt' },
    ],
    [{ aws_secret_name: ARN }, { location: { name: ARN } }],
    [{ aws_secret_name: 'rds!cluster-1' }, { location: { name: 'rds!cluster-1' } }],
    [{ aws_secret_name: MANAGED_ARN }, { location: { name: MANAGED_ARN } }],
    [
      { aws_secret_name: 'a', aws_version_id: VERSION },
      { location: { name: 'a' }, pin: VERSION },
    ],
    [
      { aws_secret_name: 'a', aws_version_stage: 'AWSPENDING' },
      { location: { name: 'a', stage: 'AWSPENDING' }, path: 'a' },
    ],
    [
      { aws_secret_name: 'a', aws_version_stage: 'last good' },
      { location: { name: 'a', stage: 'last good' }, path: 'a' },
    ],
    [{ aws_secret_name: 'a', aws_version_stage: 'AWSCURRENT' }, { location: { name: 'a' } }],
    [{}, { location: { name: 'web/db_password' } }],
  ] as const)('%j give %j', ([given, target]) => {
    expect(labels.read(given, 'db_password', 'web').ref).toEqual({ provider: 'aws', encoding: 'raw', ...target });
  });

  test.for([
    ['aws_secret_name', 'with space'],
    ['aws_secret_name', '!a'],
    ['aws_secret_name', 'arn:aws:s3:::bucket'],
    ['aws_secret_name', 'x'.repeat(513)],
    ['aws_version_id', '7'],
    ['aws_version_stage', 'a\nb'],
  ] as const)('refuse %s = %j, naming label and value', ([label, value]) => {
    const read = () => labels.read({ aws_secret_name: 'a', [label]: value }, 'db', undefined);
    expect(read).toThrow(expect.objectContaining({ code: 'INVALID_REF' }));
    expect(read).toThrow(`label "${label}" = ${quoted(value)} `);
  });

  test('refuse a version id together with a staging label', () => {
    const given = { aws_secret_name: 'a', aws_version_id: VERSION, aws_version_stage: 'AWSPENDING' };
    expect(() => labels.read(given, 'db', undefined)).toThrow('both choose a version; remove one');
  });

  test('refuse a default name that AWS would not take', () => {
    expect(() => labels.read({}, 'db password', 'web')).toThrow('without label "aws_secret_name", the default');
  });
});
