import { Environment } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { parseLoggingConfig } from './config.ts';

function parse(variables: Record<string, string>) {
  const environment = new Environment(variables, () => '');
  return { config: parseLoggingConfig(environment), problems: environment.problems };
}

test('logs important events as JSON by default', () => {
  expect(parse({})).toEqual({ config: { level: 'info', format: 'json' }, problems: [] });
  expect(parse({ LOG_LEVEL: 'debug', LOG_FORMAT: 'text' })).toEqual({
    config: { level: 'debug', format: 'text' },
    problems: [],
  });
});

test('refuses a level or format that there is not, and names those that there are', () => {
  expect(parse({ LOG_LEVEL: 'trace', LOG_FORMAT: 'xml' }).problems).toEqual([
    { variable: 'LOG_LEVEL', message: '"trace" must be one of error, warn, info, debug' },
    { variable: 'LOG_FORMAT', message: '"xml" must be one of json, text' },
  ]);
});
