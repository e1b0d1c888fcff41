import { expect, test } from 'vitest';
import { type AwsConfig, awsAuth } from './aws.ts';

const config: AwsConfig = {
  ...{ method: 'aws', mount: 'aws', role: undefined, region: 'eu-west-1', serverId: undefined, keys: undefined },
  ...{ profile: undefined, credentialsFile: undefined, configFile: undefined },
  ...{ webIdentityTokenFile: undefined, roleArn: undefined, roleVariable: 'VAULT_AWS_ROLE' },
};

const loginWithout = (code: string) => {
  const load = async () => {
    throw Object.assign(new Error("Cannot find package '@aws-sdk/credential-provider-node'"), { code });
  };
  return awsAuth(config, load)
    .prepare(null as never)
    .login(new AbortController().signal);
};

test('without the packages of AWS, the login names the packages to install', async () => {
  await expect(loginWithout('ERR_MODULE_NOT_FOUND')).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('npm install @aws-sdk/credential-provider-node @smithy/signature-v4'),
  });
});

test('another failure to load them is not taken for a missing package', async () => {
  await expect(loginWithout('ERR_OTHER')).rejects.toMatchObject({ code: 'ERR_OTHER' });
});
