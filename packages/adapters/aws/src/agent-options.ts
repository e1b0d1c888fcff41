import type { AgentOptions } from 'node:https';
import type { AwsConfig } from './config.ts';

/** How connections to AWS are opened: proxies and trusted authorities. The SDK creates the agents. */
export function agentOptions({ proxies, authorities }: Pick<AwsConfig, 'proxies' | 'authorities'>): {
  readonly httpAgent: AgentOptions;
  readonly httpsAgent: AgentOptions;
} {
  const { http, https, noProxy } = proxies;
  const proxyEnv = {
    ...(http === undefined ? {} : { HTTP_PROXY: http }),
    ...(https === undefined ? {} : { HTTPS_PROXY: https }),
    NO_PROXY: noProxy.flatMap(withSubdomains).join(','),
  };
  const common = http === undefined && https === undefined ? {} : { proxyEnv };
  // As in AWS's own tools, every given certificate is trusted, also an intermediate authority.
  const trusted = { allowPartialTrustChain: true, ...(authorities === undefined ? {} : { ca: authorities }) };
  return { httpAgent: common, httpsAgent: { ...common, ...trusted } };
}

/** In Node a host matches only itself; in AWS's tools it matches its subdomains too. */
function withSubdomains(entry: string): readonly string[] {
  return /^[.*]/.test(entry) ? [entry] : [entry, `.${entry}`];
}
