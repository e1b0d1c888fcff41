import type { Environment } from './configuration.ts';
import { ONE_LINE } from './text-form.ts';

/** The HTTP proxies for requests to servers. Their addresses may contain a user and a password. */
export interface Proxies {
  /** For `http:` servers; `undefined`: no proxy. */
  readonly http: string | undefined;
  /** For `https:` servers; `undefined`: no proxy. */
  readonly https: string | undefined;
  /** Servers that are reached without a proxy: hosts (with their subdomains), addresses, or `*`. Each may have a port. */
  readonly noProxy: readonly string[];
}

/** The variables of {@link parseProxies}. */
export const proxyVariables: readonly string[] = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/** This machine is always reached without a proxy. */
const THIS_MACHINE = ['localhost', '127.0.0.1', '::1'];

/** Reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, or the same in lower case, and reports what is wrong with them. */
export function parseProxies(environment: Environment): Proxies {
  const noProxy = (environment.optional('NO_PROXY') ?? environment.optional('no_proxy') ?? '').split(/[\s,]+/);
  return {
    http: proxyAddress(environment, 'HTTP_PROXY') ?? proxyAddress(environment, 'http_proxy'),
    https: proxyAddress(environment, 'HTTPS_PROXY') ?? proxyAddress(environment, 'https_proxy'),
    noProxy: [...noProxy.filter((entry) => entry !== ''), ...THIS_MACHINE],
  };
}

/** The address of a proxy in a variable, with `http://` added if there is no scheme. An invalid address is reported. */
export function proxyAddress(environment: Environment, name: string): string | undefined {
  const given = environment.optional(name);
  if (given === undefined) return undefined;
  const address = given.includes('://') ? given : `http://${given}`;
  const [isAddress, user = ''] =
    /^https?:\/\/(?:([^\s/@]*)@)?(?:\[[\da-fA-F:]+\]|[^\s/@:[\]]+)(?::\d{1,5})?\/?$/.exec(address) ?? [];
  if (isAddress !== undefined && isSendableUser(user)) return address;
  // It may contain a password, so it is not shown.
  const wrongUser = 'has a user or password that can not be sent; write "%" in it as "%25", and no line break';
  const otherwise = 'must be the address of an HTTP proxy, such as http://proxy.example:3128';
  environment.report(name, isAddress === undefined ? otherwise : wrongUser);
  return undefined;
}

/** Whether the user and the password in an address can be decoded and sent. */
function isSendableUser(user: string): boolean {
  try {
    return ONE_LINE.accepts(decodeURIComponent(user));
  } catch {
    return false;
  }
}
