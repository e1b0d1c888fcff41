import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { settings } from './settings.ts';

const reference = readFileSync(join(import.meta.dirname, '../../../docs/reference/environment.md'), 'utf8');

/** The variables of the reference's table, with the `_FILE` form of those that are marked. */
function documented(): readonly string[] {
  const names = [...reference.matchAll(/^\| (`[A-Z].*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([A-Z_]+)`(\*?)/g)].flatMap(([, name = '', mark]) =>
      mark === '*' ? [name, `${name}_FILE`] : [name],
    ),
  );
  // The table says of OpenBao only that its names are Vault's.
  const openbao = names
    .filter((name) => name.startsWith('VAULT_') && name !== 'VAULT_ROTATION_INTERVAL')
    .map((name) => name.replace('VAULT_', 'OPENBAO_'));
  return [...names, ...openbao];
}

test('the settings are those of the reference, each once', () => {
  const hint = 'settings.ts has the names that the reference has, so that a managed plugin can be given each';
  expect([...settings].sort(), hint).toEqual([...documented()].sort());
});
