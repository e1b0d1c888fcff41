import { CANARY, fc, holdsFor, secretJson, showsCanary } from '@vault-swarm/fuzz';
import { ProviderError, selectValue } from '@vault-swarm/provider';
import { beforeAll, expect, test } from 'vitest';
import { filePayload } from './file-payload.ts';

const pieces = fc.constantFrom(
  ...[
    `password: ${CANARY}\n`,
    'a: &a [x, x]\n',
    'b: &b [*a, *a, *a]\n',
    'c: &c [*b, *b, *b]\n',
    '- ',
    '? ',
    ': ',
    '\t',
  ],
  ...[
    '!!binary YQ==\n',
    '!!js/function ',
    '|\n  text\n',
    '>-\n',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '"\\x',
    "'",
    '{',
    '}',
    '<<: *a\n',
  ],
);
const contents = fc.oneof(
  secretJson,
  fc
    .array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 12 })
    .map((parts) => parts.join('')),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.concat([Buffer.from(`a: ${CANARY}`), bytes])),
);

// The parser is loaded by the first file that needs it.
beforeAll(() => filePayload('app.yaml', Buffer.from('a: b'), 'file app'));

test('any file gives fields or bytes, or an error that shows nothing of it', () =>
  holdsFor(fc.tuple(contents, fc.constantFrom('app.yaml', 'app.json', 'app')), async ([content, path]) => {
    try {
      const payload = await filePayload(path, Buffer.from(content), 'file app');
      expect(
        selectValue(payload, { provider: 'file', location: { path }, encoding: 'raw' }).byteLength,
      ).toBeGreaterThanOrEqual(0);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      expect(error.code).toBe('INVALID_PAYLOAD');
      // Names of fields are shown, and a name may be anything that somebody wrote there.
      if (!error.message.includes('several fields')) expect(showsCanary(error)).toBe(false);
    }
  }));
