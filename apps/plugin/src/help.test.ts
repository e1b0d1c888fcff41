import { expect, test } from 'vitest';
import { environmentVariables } from './environment-variables.ts';
import { helpText } from './help.ts';
import { builtInProviders } from './providers.ts';

const help = helpText(builtInProviders);

test('the help fits a terminal of 80 columns', () => {
  expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('the help lists every variable once, and marks those that can be given as a file', () => {
  const listed = [...help.matchAll(/^ {2}([A-Z][A-Z_]+)(\*?)(?: |$)/gm)].flatMap(([, name = '', mark]) =>
    mark === '*' ? [name, `${name}_FILE`] : [name],
  );
  expect(listed.toSorted()).toEqual(environmentVariables(builtInProviders).toSorted());
});

test('a variable that several providers read is listed with the provider that it is named for', () => {
  const group = (title: string) => help.split('\n\n').find((text) => text.startsWith(`${title}:`));
  expect(group('Provider aws')).toContain('  AWS_REGION\n');
  expect(group('Provider vault')).not.toContain('  AWS_');
  expect(group('Provider vault')).toMatch(/^ {2}VAULT_ADDR +http:\/\/127\.0\.0\.1:8200$/m);
});

test('the default provider is the first kind', () => {
  expect(helpText(builtInProviders.toReversed())).toMatch(/^ {2}SECRETS_PROVIDER +file$/m);
});
