import { describe, expect, it } from 'vitest';
import { parseSecretRequest } from './secret-request.ts';

const parse = (body: string) => parseSecretRequest(Buffer.from(body));

describe('the body of a GetSecret', () => {
  it('needs only the name of the secret', () => {
    expect(parse('{"SecretName":"db"}')).toEqual({ secretName: 'db', labels: {} });
  });

  it('gives what the engine tells of service, task and labels, and leaves the rest', () => {
    const body = {
      SecretName: 'db',
      SecretLabels: { vault_path: 'app/db' },
      ServiceID: 's1',
      ServiceName: 'shop_api',
      ServiceLabels: { 'com.docker.stack.namespace': 'shop', owner: 'team-a' },
      TaskID: 't1',
      ServiceEndpointSpec: { Mode: 1 },
      NodeID: 7,
    };
    expect(parse(JSON.stringify(body))).toEqual({
      secretName: 'db',
      labels: { vault_path: 'app/db' },
      serviceId: 's1',
      serviceName: 'shop_api',
      taskId: 't1',
      stack: 'shop',
    });
  });

  it('takes null and empty fields as left out', () => {
    expect(parse('{"SecretName":"db","SecretLabels":null,"ServiceName":null,"TaskID":""}')).toEqual({
      secretName: 'db',
      labels: {},
    });
  });

  it.each([
    ['', 'the body is empty; it must be a JSON object with "SecretName"'],
    ['{', 'the body is not JSON in UTF-8'],
    ['null', 'the body must be a JSON object, not null'],
    ['["db"]', 'the body must be a JSON object, not an array'],
    ['"db"', 'the body must be a JSON object, not a string'],
    ['{}', '"SecretName" is missing'],
    ['{"SecretName":""}', '"SecretName" is missing'],
    ['{"SecretName":7}', '"SecretName" must be a string, not a number'],
    ['{"SecretName":"db","SecretLabels":[]}', '"SecretLabels" must be an object of strings, not an array'],
    ['{"SecretName":"db","SecretLabels":{"a":true}}', '"SecretLabels.a" must be a string, not a boolean'],
    ['{"SecretName":"db","ServiceName":{}}', '"ServiceName" must be a string, not an object'],
  ])('refuses %s and says what is wrong', (body, message) => {
    expect(() => parse(body)).toThrow(message);
  });

  it('refuses names that are longer than any of Swarm, and shows little of a long label', () => {
    expect(parse(JSON.stringify({ SecretName: 'x'.repeat(1_024) })).secretName).toHaveLength(1_024);
    const message = '"ServiceName" has 1025 characters; at most 1024';
    expect(() => parse(JSON.stringify({ SecretName: 'db', ServiceName: 'x'.repeat(1_025) }))).toThrow(message);
    const labels = JSON.stringify({ SecretName: 'db', SecretLabels: { ['l'.repeat(10_000)]: 1 } });
    expect(() => parse(labels)).toThrow(/^"SecretLabels\.l+… \(\d+ characters\)" must be a string, not a number$/);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseSecretRequest(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))).toThrow('not JSON in UTF-8');
  });
});
