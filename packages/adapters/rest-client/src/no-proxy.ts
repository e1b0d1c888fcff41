import { BlockList, isIP } from 'node:net';

/** Whether a server is called without a proxy, by entries such as `internal`, `.example:8200`, `10.0.0.0/8` and `*`. */
export function isDirect({ hostname, port, protocol }: URL, direct: readonly string[]): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const portOf = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return direct.some((entry) => {
    if (entry === '*') return true;
    if (entry.includes('/')) return isInNetwork(host, entry);
    const [, named = entry, only = portOf] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
    const domain = named
      .replace(/^\*?\./, '')
      .replace(/^\[|\]$/g, '')
      .toLowerCase();
    return only === portOf && (host === domain || host.endsWith(`.${domain}`));
  });
}

function isInNetwork(host: string, network: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
  const most = family === 'ipv6' ? 128 : 32;
  if (isIP(base) === 0 || isIP(host) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > most) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family);
  return list.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}
