import { Environment } from '@vault-swarm/provider';
import { describeModuleContract } from '@vault-swarm/provider-contract';
import { expect, test } from 'vitest';
import { awsModule } from './module.ts';

describeModuleContract(awsModule, {
  environments: [
    { AWS_REGION: 'eu-west-1' },
    { AWS_DEFAULT_REGION: 'eu-west-1', AWS_WEB_IDENTITY_TOKEN_FILE: '/token', AWS_ROLE_ARN: 'arn:aws:iam::1:role/a' },
    { AWS_REGION: 'eu-west-1', AWS_MAX_CALLS_PER_HOUR: '100', AWS_ENDPOINT_URL: 'http://localhost:5000' },
  ],
});

test('an instance of a file is not asked at an address of the environment, which the SDK would use', () => {
  const readFile = () => '';
  const problemsOf = (own: Readonly<Record<string, string>>, around: Readonly<Record<string, string>>) => {
    const environment = new Environment({ AWS_REGION: 'eu-west-1', ...own }, readFile);
    awsModule.parseConfig(environment, { readFile, surroundings: new Environment(around, readFile) });
    return environment.problems;
  };
  const sts = { AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:5000' };
  const message = "of the process's environment would be used here too; set one here, or remove that one";
  expect(problemsOf({}, sts)).toEqual([{ variable: 'AWS_ENDPOINT_URL_STS', message }]);
  expect(problemsOf({ AWS_ENDPOINT_URL: 'http://127.0.0.1:6000' }, sts)).toEqual([]);
  expect(problemsOf(sts, sts)).toEqual([]);
  expect(problemsOf({}, {})).toEqual([]);
});
