import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { ProviderError } from '@vault-swarm/provider';
import { isRefusedAddress } from './refused-address.ts';

/** Resolves a name to all of its addresses, as `lookup` of `node:dns` does with the option `all`. */
type LookupAll = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: Error | null, addresses: readonly { readonly address: string; readonly family: number }[]) => void,
) => void;

/**
 * A lookup for connections that fails if one of a name's addresses is a metadata service's. It is called for each
 * connection, so that a later change of the DNS is noticed too.
 *
 * @param server for the message.
 */
export function lookupAllowed(server: string, lookup: LookupAll = systemLookup as LookupAll): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) callback(error ?? new Error('the name has no address'), '', 0);
      else if (addresses.some(({ address }) => isRefusedAddress(address))) callback(refusal(server), '', 0);
      else if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };
}

function refusal(server: string): ProviderError {
  const reason = 'its name leads to a metadata service of a cloud, which is never read; correct the DNS or the url';
  return new ProviderError('UNAVAILABLE', `${server}: ${reason}`);
}
