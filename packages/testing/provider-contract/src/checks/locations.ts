import assert from 'node:assert/strict';
import { refKey } from '@vault-swarm/provider';
import { probe, read, readText } from '../calls.ts';
import { canary } from '../canary.ts';
import { type ContractCheck, check } from '../contract-check.ts';

/** Every part of a location counts: the region, the mount, the project. */
export const locationChecks: readonly ContractCheck[] = [
  check('reads the same name at each location, also at the same time', ['locations'], async (harness, instance) => {
    await harness.write('same', { text: canary('here') });
    await harness.locations.write('same', { text: canary('there') });
    const [here, there] = [harness.ref('same'), harness.locations.ref('same')];
    assert.notEqual(refKey(here), refKey(there), 'both locations have the same ref');
    assert.equal(await readText(instance, there), canary('there'));
    assert.equal(await readText(instance, here), canary('here'));
    const refs = [here, there, here, there];
    const found = await Promise.all(refs.map((ref) => readText(instance, ref)));
    assert.deepEqual(found, ['here', 'there', 'here', 'there'].map(canary));
  }),

  check('probes the same name at each location', ['locations', 'markers'], async (harness, instance) => {
    await harness.write('same', { text: canary('here') });
    await harness.locations.write('same', { text: canary('there') });
    const refs = [harness.ref('same'), harness.locations.ref('same')] as const;
    const markers = async () => {
      const answer = await probe(instance, refs);
      return refs.map((ref) => {
        const result = answer.get(refKey(ref));
        assert(result?.kind === 'marker', `the probe answers ${result?.kind ?? 'nothing'} for an existing secret`);
        return result.marker;
      });
    };
    for (const ref of refs) await read(instance, ref);
    const before = await markers();
    await harness.locations.write('same', { text: canary('there too') });
    const after = await markers();
    assert.equal(after[0], before[0], 'a change at the other location changed the marker');
    assert.notEqual(after[1], before[1], 'a change did not change the marker');
  }),
];
