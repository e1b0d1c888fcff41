import { parseLedger } from '@vault-swarm/rotation/ledger-format';
import { expect, test } from 'vitest';
import { ONE, TWO, threeManagers } from './three-managers.ts';

test.each([
  ['the leader', ONE],
  ['a standby', TWO],
])('a request to %s is for the value that the provider has now', async (_who, manager) => {
  const { clock, provider, swarm, processOf, held } = await threeManagers(600_000);
  swarm.setLabels(swarm.services[0]?.spec.secretIds[0] ?? '', { vault_path: 'db', rotate: 'manual' });
  await clock.advance(60_000);
  provider.write('db', 'value 2');
  const asking = processOf(manager).rotation.rotate(
    { kind: 'secret', name: 'db' },
    { signal: new AbortController().signal },
  );
  await clock.advance(20_000);
  expect(await asking).toMatchObject([{ name: 'web', outcome: 'scheduled' }]);
  expect(held()).toEqual(['value 2', 'value 2']);
  expect(Object.values(parseLedger(swarm.ledgerText)?.services ?? {}).flatMap(({ requested }) => requested)).toEqual(
    [],
  );
});
