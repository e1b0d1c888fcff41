import { readFileSync } from 'node:fs';
import { CANARY, fc, holdsFor } from '@vault-swarm/fuzz';
import { expect, test } from 'vitest';
import { parseConfiguration } from './configuration.ts';

const reference = readFileSync(new URL('../../../docs/reference/environment.md', import.meta.url), 'utf8');
/** Every variable of the reference, those of credentials with their `_FILE` form. */
const names = [...new Set([...reference.matchAll(/`([A-Z][A-Z0-9_]{3,})`\*?/g)].map(([, name]) => name ?? ''))].flatMap(
  (name) => [name, `${name}_FILE`, name.replace(/^VAULT_/, 'OPENBAO_')],
);
const isCredential = (name: string) =>
  /_(TOKEN|SECRET_ID|PASSWORD|JWT|SECRET_ACCESS_KEY|ACCESS_KEY_ID)$|^LEDGER_KEY$/.test(name);

const values = fc.oneof(
  fc.constantFrom('true', 'false', '0', '-1', '10s', '1m30s', '99999999h', '1e9s', '500ms', 'https://vault:8200', ''),
  fc.constantFrom(
    'vault',
    'openbao,vault',
    'file,file',
    'aws',
    'approle',
    'jwt',
    'cert',
    'ldap',
    'aws',
    'json',
    'debug',
  ),
  fc.constantFrom('/absolute', '../relative', 'unix:///run/docker.sock', 'tcp://host:2376', '[::1]', '8080', '65536'),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const settings = fc
  .dictionary(fc.constantFrom(...names), values, { maxKeys: 12 })
  .map((given) =>
    Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, isCredential(name) ? CANARY + value : value]),
    ),
  );

function readFile(path: string): string {
  if (path.length % 3 === 0) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
  return path.length % 3 === 1 ? '' : `${CANARY}\n`;
}

/** A letter that no text of ours has: a run of it is of one text that was given. */
const MARK = 'Ж';
const longValues = fc
  .tuple(
    fc.constantFrom(
      '',
      'https://',
      'http://',
      'unix:///',
      'unix://',
      'tcp://',
      'ssh://',
      '/',
      'vault,',
      'aws,aws,',
      'a b',
    ),
    fc.constantFrom(201, 5_000, 100_000),
    fc.constantFrom('', ':8200', '/x', '?x', ' ', '\n'),
  )
  .map(([start, length, end]) => `${start}${MARK.repeat(length)}${end}`);
const longSettings = fc.dictionary(fc.constantFrom(...names), fc.oneof(longValues, values), {
  minKeys: 1,
  maxKeys: 12,
});

test('of each value no more than 200 characters are in a problem or a warning', () =>
  holdsFor(longSettings, (given) => {
    const variables = { ...given, [`VAULT_${MARK.repeat(300)}`]: 'x' };
    const parsed = parseConfiguration(variables, readFile);
    for (const { variable, message } of parsed.ok ? parsed.configuration.warnings : parsed.problems) {
      for (const shown of [variable, message])
        expect(shown.includes(MARK.repeat(201)), shown.slice(0, 300)).toBe(false);
    }
  }));

test('any settings are taken or refused, each problem names its variable, and none shows a credential', () =>
  holdsFor(settings, (variables) => {
    const parsed = parseConfiguration(variables, readFile);
    if (parsed.ok) {
      expect(JSON.stringify(parsed.configuration)).not.toContain(CANARY);
      return;
    }
    expect(parsed.problems.length).toBeGreaterThan(0);
    for (const { variable, message } of parsed.problems) {
      expect(variable).toMatch(/^[A-Z][A-Z0-9_]+$/);
      expect(message).not.toBe('');
      // A path to a credential's file is shown, since it may be the mistake.
      if (!variable.endsWith('_FILE')) expect(message).not.toContain(CANARY);
    }
  }));
