import { BlockList, isIP } from 'node:net';

/**
 * Services of clouds that give credentials to every client that sends a request. No secret is there, and a label or an
 * entry of the DNS must not lead to them.
 */
const REFUSED = new BlockList();
// Link-local: the metadata services of AWS, Azure, Google, OpenStack and others.
REFUSED.addSubnet('169.254.0.0', 16, 'ipv4');
REFUSED.addSubnet('fe80::', 10, 'ipv6');
REFUSED.addSubnet('fd00:ec2::', 32, 'ipv6');
// The same through a NAT64.
REFUSED.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
// Azure, Alibaba Cloud, Oracle Cloud.
REFUSED.addAddress('168.63.129.16', 'ipv4');
REFUSED.addAddress('100.100.100.200', 'ipv4');
REFUSED.addAddress('192.0.0.192', 'ipv4');

/** Names of the metadata services, for proxies, which resolve names themselves. */
const REFUSED_NAMES: ReadonlySet<string> = new Set(['metadata', 'metadata.google.internal', 'instance-data']);

/** Whether a host is, by its name or as an address, a metadata service. @param host of a URL, with or without brackets. */
export function isRefusedHost(host: string): boolean {
  const bare = host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  return REFUSED_NAMES.has(bare) || isRefusedAddress(bare);
}

/** Whether an IP address is one of a metadata service. Other texts are not. */
export function isRefusedAddress(address: string): boolean {
  const [bare = ''] = address.split('%', 1);
  const family = isIP(bare);
  return family !== 0 && REFUSED.check(bare, family === 6 ? 'ipv6' : 'ipv4');
}
