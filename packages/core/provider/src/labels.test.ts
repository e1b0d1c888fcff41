import { expect, test } from 'vitest';
import { LabelReader, type LabelScheme } from './labels.ts';
import { ProviderError } from './provider-error.ts';
import type { Labels } from './secret-labels.ts';

const schemeOf = (kind: string): LabelScheme => ({
  kind,
  names: [`${kind}_path`, `${kind}_field`],
  target: (labels, defaultPath) => {
    const field = labels[`${kind}_field`];
    return { location: { path: labels[`${kind}_path`] ?? defaultPath() }, ...(field === undefined ? {} : { field }) };
  },
});
const reader = new LabelReader([
  { name: 'vault', scheme: schemeOf('vault') },
  { name: 'file', scheme: schemeOf('file') },
  { name: 'vault-eu', scheme: schemeOf('vault') },
]);
const read = (labels: Labels, service: string | undefined = 'web') => reader.read(labels, 'db', service);
const LONG = 'a'.repeat(1_000_000);
const refusal = (labels: Labels, service?: string) => {
  try {
    reader.read(labels, 'db', service);
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'INVALID_REF') return error.message;
  }
  return 'no refusal';
};

test('a secret without labels has the path SERVICE/SECRET at the first provider', () => {
  expect(read({})).toEqual({
    ref: { provider: 'vault', location: { path: 'web/db' }, encoding: 'raw' },
    rotate: 'auto',
    isPerService: true,
    defaultPathReason:
      'no label gives its path, so the default is read; set the label vault_path (an option of the driver does not count)',
  });
});

test('the reason for the default path names the labels that the plugin ignores', () => {
  const reasonFor = (labels: Record<string, string>) => read(labels).defaultPathReason;
  expect(reasonFor({ 'vault-path': 'app', rotate: 'off', secret_reuse: 'true', 'com.docker.x': 'y' })).toContain(
    '(the plugin ignores vault-path)',
  );
  expect(reasonFor({ vault_path: 'app' })).toBeUndefined();
});

test('labels of a stack or of others are ignored', () => {
  expect(read({ 'com.docker.stack.namespace': 'shop', owner: 'team-a' }).ref.location).toEqual({ path: 'web/db' });
});

test('secret_reuse of swarm-external-secrets is accepted and changes nothing', () => {
  expect(read({ vault_path: 'x', secret_reuse: 'true' })).toEqual(read({ vault_path: 'x' }));
});

test('the prefix chooses the provider, the label provider an instance of it', () => {
  expect(read({ file_path: 'x' }).ref.provider).toBe('file');
  expect(read({ vault_path: 'x', provider: 'vault-eu' }).ref.provider).toBe('vault-eu');
  expect(read({ provider: 'file' }).ref.provider).toBe('file');
});

test.each([
  [{ rotate: 'yes' }, '"rotate" = "yes" must be one of auto, manual, off'],
  [{ encoding: 'hex' }, '"encoding" = "hex" must be one of raw, base64, json'],
  [{ vault_pth: 'x' }, '"vault_pth" = "x" is not known; vault has vault_path, vault_field'],
  [{ vault_path: ' ' }, '"vault_path" is empty'],
  [{ vault_path: 'x', file_path: 'y' }, '"file_path" = "y", "vault_path" = "x"'],
  [{ aws_secret_name: 'x' }, '"aws_secret_name" = "x" names a provider that is not configured'],
  [{ infisical_secret_name: 'x' }, '"infisical_secret_name" = "x" names a provider that is not configured'],
  [{ doppler_config: 'prd' }, '"doppler_config" = "prd" names a provider that is not configured'],
  [{ provider: 'vaultt' }, '"provider" = "vaultt" names a provider that is not configured'],
  [{ provider: 'file', vault_path: 'x' }, '"provider" = "file" is of kind file'],
  [{ rotate_window: '2-5' }, '"rotate_window" = "2-5" has the time "2", which must be from 00:00 to 23:59'],
  [{ rotate_debounce: '5' }, '"rotate_debounce" = "5" must be a duration such as 30s or 5m, at most 24h'],
  [{ rotate_debounce: '25h' }, '"rotate_debounce" = "25h" must be a duration such as 30s or 5m, at most 24h'],
  [{ rotate_windows: '02:00-05:00' }, 'is not known; there are rotate, rotate_window, rotate_debounce'],
  [{ encoding: 'json', vault_field: 'x' }, "can't be combined with a field"],
])('refuses %j and names label and value', (labels, message) => {
  expect(refusal(labels as unknown as Labels, 'web')).toContain(message);
});

test('a kind that an http instance replaces is refused with how to configure it', () => {
  for (const label of ['infisical_secret_name', 'doppler_project']) {
    expect(refusal({ [label]: 'x' }, 'web')).toMatch(
      /configure an instance of the kind http .* start with http_ instead$/,
    );
  }
  expect(refusal({ azure_secret_name: 'x' }, 'web')).not.toContain('http');
});

test('a kind may take every label with its prefix', () => {
  const open = new LabelReader([{ name: 'open', scheme: { ...schemeOf('acme'), names: ['acme_path', 'acme_*'] } }]);
  expect(open.read({ acme_path: 'x', acme_anything: 'y' }, 'db', 'web').ref.location).toEqual({ path: 'x' });
  expect(() => open.read({ acme_anything: ' ' }, 'db', 'web')).toThrow('"acme_anything" is empty');
});

test('when rotations may start is as the labels say, and otherwise as the settings do', () => {
  expect(read({ rotate_debounce: '5m' }).startTimes).toEqual({ debounceMs: 300_000 });
  const window = read({ rotate_window: 'Sun 02:00-05:00' }).startTimes?.window;
  expect(window?.nextOpening(Date.UTC(2026, 10, 29, 1))?.text).toBe('2026-11-29 02:00 UTC');
  expect(read({}).startTimes).toBeUndefined();
});

test('says what is missing if neither a label nor a service gives a path', () => {
  expect(refusal({})).toContain('add a path label');
});

test.each([
  { rotate: LONG },
  { encoding: LONG },
  { rotate_window: LONG },
  { rotate_debounce: LONG },
  { [`rotate_${LONG}`]: LONG },
  { provider: LONG },
  { [`vault_${LONG}`]: LONG },
  { [`kms_${LONG}`]: LONG },
  { vault_path: LONG },
  { vault_path: LONG, file_path: LONG, aws_path: LONG, azure_path: LONG, gcp_path: LONG },
])('cuts a label or value of a megabyte in its message', (labels) => {
  const message = refusal(labels, 'web');
  expect(message.length).toBeLessThanOrEqual(1_500);
  expect(message).not.toContain(LONG.slice(0, 201));
});

test('takes labels of up to 4,096 characters, the longest path', () => {
  const path = 'a'.repeat(4_096);
  expect(read({ vault_path: path }).ref.location.path).toBe(path);
  expect(refusal({ vault_path: `${path}a` }, 'web')).toMatch(
    /^label "vault_path" = "a+… \(4097 characters\)" must have at most/,
  );
  expect(read({ vault_path: 'x', 'com.example.note': LONG }).ref.location.path).toBe('x');
});

test('writes out what is hidden in a label', () => {
  expect(refusal({ rotate: 'auto ' }, 'web')).toBe('label "rotate" = "auto\\u0020" must be one of auto, manual, off');
  expect(refusal({ provider: 'vau\u200blt' }, 'web')).toContain('"provider" = "vau\\u200blt" names');
});

test('a label of a kind that is known and not configured is refused, one of no kind is ignored', () => {
  const labels = { acme_name: 'x' };
  expect(refusal(labels, 'web')).toBe('no refusal');
  const knowing = new LabelReader([{ name: 'vault', scheme: schemeOf('vault') }], ['acme']);
  expect(() => knowing.read(labels, 'db', 'web')).toThrow('"acme_name" = "x" names a provider that is not configured');
  const configured = new LabelReader([{ name: 'acme', scheme: schemeOf('acme') }]);
  expect(() => configured.read(labels, 'db', 'web')).toThrow('"acme_name" = "x" is not known; acme has acme_path');
});

test('labels of a published adapter are an error where no provider has its kind', () => {
  const onlyVault = new LabelReader([{ name: 'vault', scheme: schemeOf('vault') }]);
  for (const label of ['file_path', 'aws_name', 'doppler_name', 'http_name']) {
    expect(() => onlyVault.read({ [label]: 'x' }, 'db', 'web')).toThrow('names a provider that is not configured');
  }
});

test('every unknown label is an error if all labels are for the reader', () => {
  const exclusive = new LabelReader([{ name: 'vault', scheme: schemeOf('vault') }], [], null, { isExclusive: true });
  const common = { provider: 'vault', encoding: 'json', rotate: 'off', rotate_debounce: '5s', kms_decrypt: 'false' };
  expect(exclusive.read({ vault_path: 'x', ...common }, 'db', 'web').ref.location).toEqual({ path: 'x' });
  for (const label of ['acme_name', 'owner', 'vaultpath']) {
    expect(() => exclusive.read({ vault_path: 'x', [label]: 'y' }, 'db', 'web')).toThrow(
      `"${label}" = "y" is not known`,
    );
  }
});
