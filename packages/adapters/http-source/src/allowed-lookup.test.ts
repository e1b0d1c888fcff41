import { expect, test } from 'vitest';
import { lookupAllowed } from './allowed-lookup.ts';

type Found = readonly [Error | null, unknown];

/** What a connection gets if the DNS has these addresses. */
function resolved(addresses: readonly string[], all: boolean): Promise<Found> {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const lookup = lookupAllowed('http at https://secrets.example', (_hostname, _options, callback) =>
    callback(found.length === 0 ? new Error('ENOTFOUND') : null, found),
  );
  return new Promise((resolve) => {
    lookup('secrets.example', { all }, (error, address) => resolve([error, address]));
  });
}

test('a name is resolved as usual', async () => {
  expect(await resolved(['10.0.0.1', '10.0.0.2'], false)).toEqual([null, '10.0.0.1']);
  expect(await resolved(['10.0.0.1', 'fd00::1'], true)).toEqual([
    null,
    [
      { address: '10.0.0.1', family: 4 },
      { address: 'fd00::1', family: 6 },
    ],
  ]);
  expect((await resolved([], true))[0]?.message).toBe('ENOTFOUND');
});

test.each([['169.254.169.254'], ['10.0.0.1', 'fd00:ec2::254']])(
  'a name with the address of a metadata service is refused',
  async (...addresses) => {
    const [error] = await resolved(addresses, true);
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('http at https://secrets.example: its name leads to a metadata service'),
    });
  },
);
