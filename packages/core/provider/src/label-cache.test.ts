import { expect, test } from 'vitest';
import { LabelReader, type LabelScheme } from './labels.ts';
import type { Labels } from './secret-labels.ts';

function setUp() {
  const parsed: string[] = [];
  const scheme: LabelScheme = {
    kind: 'vault',
    names: ['vault_path'],
    target: (labels: Labels, defaultPath: () => string) => {
      const path = labels.vault_path ?? defaultPath();
      parsed.push(path);
      return { location: { path } };
    },
  };
  return { parsed, reader: new LabelReader([{ name: 'vault', scheme }]) };
}

test('a storm parses the labels of a secret once, whichever service asks', () => {
  const { parsed, reader } = setUp();
  const first = reader.read({ vault_path: 'app/db' }, 'db', 'web');
  for (const service of ['web', 'api', undefined]) {
    expect(reader.read({ vault_path: 'app/db' }, 'db', service)).toBe(first);
  }
  expect(parsed).toEqual(['app/db']);
});

test('a path that depends on the service is parsed once for each service', () => {
  const { parsed, reader } = setUp();
  const read = (service: string) => reader.read({}, 'db', service).ref.location.path;
  expect(['web', 'api', 'web', 'api'].map(read)).toEqual(['web/db', 'api/db', 'web/db', 'api/db']);
  expect(parsed).toEqual(['web/db', 'api/db']);
});

test.each([
  ['changed', { vault_path: 'app/other' }, 'app/other'],
  ['added', { vault_path: 'app/db', rotate: 'off' }, 'app/db'],
  ['removed', {}, 'web/db'],
])('labels of which one was %s are read again', (_what, labels, path) => {
  const { reader } = setUp();
  const first = reader.read({ vault_path: 'app/db' }, 'db', 'web');
  const second = reader.read(labels, 'db', 'web');
  expect(second).not.toBe(first);
  expect(second.ref.location.path).toBe(path);
});

test('wrong labels are an error each time, and leave what was read before', () => {
  const { parsed, reader } = setUp();
  const first = reader.read({ vault_path: 'app/db' }, 'db', 'web');
  for (let time = 0; time < 2; time++) {
    expect(() => reader.read({ vault_path: 'app/db', rotate: 'yes' }, 'db', 'web')).toThrow('"rotate" = "yes"');
  }
  expect(reader.read({ vault_path: 'app/db' }, 'db', 'web')).toBe(first);
  expect(parsed).toEqual(['app/db']);
});

test('long labels are not kept', () => {
  const { parsed, reader } = setUp();
  const labels = { vault_path: 'app/db', note: 'x'.repeat(1_000) };
  reader.read(labels, 'db', 'web');
  reader.read(labels, 'db', 'web');
  expect(parsed).toEqual(['app/db', 'app/db']);
});
