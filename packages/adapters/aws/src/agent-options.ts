import type { AgentOptions } from 'node:https';
import type { AwsConfig } from './config.ts';

/** How connections to AWS are opened: by which proxy, and whom they trust. For the SDK, which makes the agents. */
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
  // As in AWS's own tools, whatever is given is trusted, also an authority that another one issued.
  const trusted = { allowPartialTrustChain: true, ...(authorities === undefined ? {} : { ca: authorities }) };
  return { httpAgent: common, httpsAgent: { ...common, ...trusted } };
}

/** For Node a host is itself alone, for all others its subdomains too. */
function withSubdomains(entry: string): readonly string[] {
  return /^[.*]/.test(entry) ? [entry] : [entry, `.${entry}`];
}
