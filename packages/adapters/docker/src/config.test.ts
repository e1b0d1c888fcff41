import { Environment } from '@vault-swarm/provider';
import { describe, expect, it } from 'vitest';
import { type DockerConfig, describeEngine, parseDockerConfig } from './config.ts';

const PEM: Readonly<Record<string, string>> = {
  '/certs/ca.pem': 'CA',
  '/certs/cert.pem': 'CERT',
  '/certs/key.pem': 'KEY',
};

function parse(variables: Readonly<Record<string, string>>) {
  const readFile = (path: string) => {
    const text = PEM[path];
    if (text === undefined) throw Object.assign(new Error('none'), { code: 'ENOENT' });
    return text;
  };
  const environment = new Environment(variables, readFile);
  const config: DockerConfig = parseDockerConfig(environment, readFile);
  return { config, problems: environment.problems };
}

it("warns of what Docker's own client reads, and the plugin does not", () => {
  const variables = {
    DOCKER_CONTEXT: 'prod',
    DOCKER_API_VERSION: '1.41',
    DOCKER_TLS: '',
    DOCKER_HOST: 'unix:///d.sock',
  };
  const environment = new Environment(variables, () => '');
  parseDockerConfig(environment, () => '');
  expect(environment.problems).toEqual([]);
  expect(environment.warnings).toEqual([
    {
      code: 'setting-unread',
      variable: 'DOCKER_API_VERSION',
      message: "is not read by the plugin; the plugin uses the engine's newest API version",
    },
    {
      code: 'setting-unread',
      variable: 'DOCKER_CONTEXT',
      message: "is not read by the plugin; set the engine's address as DOCKER_HOST",
    },
  ]);
});

describe("the engine's address", () => {
  it.each([
    [{}, 'unix:///var/run/docker.sock'],
    [{ DOCKER_HOST: '' }, 'unix:///var/run/docker.sock'],
    [{ DOCKER_HOST: 'unix:///tmp/d.sock' }, 'unix:///tmp/d.sock'],
    [{ DOCKER_HOST: 'tcp://docker-proxy:2375' }, 'tcp://docker-proxy:2375'],
    [{ DOCKER_HOST: 'tcp://10.0.0.7' }, 'tcp://10.0.0.7:2375'],
    [{ DOCKER_HOST: 'tcp://[::1]:99/' }, 'tcp://::1:99'],
    [{ DOCKER_HOST: 'tcp://e', DOCKER_CERT_PATH: '/certs', DOCKER_TLS_VERIFY: '1' }, 'tcp://e:2376'],
  ])('%j is %s', (variables, address) => {
    const { config, problems } = parse(variables);
    expect(problems).toEqual([]);
    expect(describeEngine(config)).toBe(address);
  });

  it('has certificates if their directory is given, and verifies if the setting says so', () => {
    const variables = { DOCKER_HOST: 'tcp://e:1', DOCKER_CERT_PATH: '/certs' };
    const { config } = parse({ ...variables, DOCKER_TLS_VERIFY: '1' });
    expect(config).toMatchObject({ tls: { ca: 'CA', certificate: 'CERT', verify: true } });
    expect(config.kind === 'tcp' && config.tls?.key.read()).toBe('KEY');
    expect(JSON.stringify(config)).not.toContain('KEY"');
    expect(parse(variables).config).toMatchObject({ tls: { verify: false } });
  });

  it.each([
    ['ssh://root@host', 'DOCKER_HOST', 'ssh:// is not supported'],
    ['npipe:////./pipe/docker_engine', 'DOCKER_HOST', 'npipe:// is not supported'],
    ['http://host:2375', 'DOCKER_HOST', 'must be unix:///PATH or tcp://HOST:PORT'],
    ['/var/run/docker.sock', 'DOCKER_HOST', 'must be unix:///PATH or tcp://HOST:PORT'],
    ['unix://relative.sock', 'DOCKER_HOST', 'must be unix:///PATH or tcp://HOST:PORT'],
    ['tcp://', 'DOCKER_HOST', 'must be unix:///PATH or tcp://HOST:PORT'],
    ['tcp://host:0', 'DOCKER_HOST', 'must be unix:///PATH or tcp://HOST:PORT'],
    ['tcp://host:99999', 'DOCKER_HOST', 'must be unix:///PATH or tcp://HOST:PORT'],
    ['tcp://host:2375/path', 'DOCKER_HOST', 'must be unix:///PATH or tcp://HOST:PORT'],
  ])('%s is refused with what is allowed', (host, variable, message) => {
    expect(parse({ DOCKER_HOST: host }).problems).toEqual([{ variable, message: expect.stringContaining(message) }]);
  });

  it('never shows a password in an address', () => {
    const [problem] = parse({ DOCKER_HOST: 'tcp://user:hunter2@host:1' }).problems;
    expect(problem?.message).toMatch(/^"tcp:\/\/…@host:1" must be/);
  });

  it('names each certificate that can not be read', () => {
    const { problems } = parse({ DOCKER_HOST: 'tcp://e', DOCKER_CERT_PATH: '/none', DOCKER_TLS_VERIFY: '1' });
    expect(problems.map(({ message }) => message.match(/\w+\.pem does not exist/)?.[0])).toEqual([
      'key.pem does not exist',
      'ca.pem does not exist',
      'cert.pem does not exist',
    ]);
    expect(parse({ DOCKER_HOST: 'tcp://e', DOCKER_TLS_VERIFY: '1' }).problems).toEqual([
      { variable: 'DOCKER_TLS_VERIFY', message: expect.stringContaining('DOCKER_CERT_PATH must name a directory') },
    ]);
  });
});
