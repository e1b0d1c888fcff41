import type { Environment } from './configuration.ts';
import { ONE_LINE } from './text-form.ts';

/** The HTTP proxies by which servers are asked. Their addresses may have a user and a password in them. */
export interface Proxies {
  /** For servers at `http:`; `undefined`: they are asked straight. */
  readonly http: string | undefined;
  /** For servers at `https:`. */
  readonly https: string | undefined;
  /** Who is asked straight: hosts, which stand for their subdomains too, addresses, or `*`; each may have a port. */
  readonly noProxy: readonly string[];
}

/** The variables of {@link parseProxies}. */
export const proxyVariables: readonly string[] = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/** This machine is asked by no proxy. */
const THIS_MACHINE = ['localhost', '127.0.0.1', '::1'];

/** Reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, or the same in small letters, and reports what is wrong with them. */
export function parseProxies(environment: Environment): Proxies {
  const noProxy = (environment.optional('NO_PROXY') ?? environment.optional('no_proxy') ?? '').split(/[\s,]+/);
  return {
    http: proxyAddress(environment, 'HTTP_PROXY') ?? proxyAddress(environment, 'http_proxy'),
    https: proxyAddress(environment, 'HTTPS_PROXY') ?? proxyAddress(environment, 'https_proxy'),
    noProxy: [...noProxy.filter((entry) => entry !== ''), ...THIS_MACHINE],
  };
}

/** The address of a proxy as a variable has it, with `http://` where it has none; reports what is none. */
export function proxyAddress(environment: Environment, name: string): string | undefined {
  const given = environment.optional(name);
  if (given === undefined) return undefined;
  const address = given.includes('://') ? given : `http://${given}`;
  const [isAddress, user = ''] =
    /^https?:\/\/(?:([^\s/@]*)@)?(?:\[[\da-fA-F:]+\]|[^\s/@:[\]]+)(?::\d{1,5})?\/?$/.exec(address) ?? [];
  if (isAddress !== undefined && isSendableUser(user)) return address;
  // It may have a password in it, so it is not shown.
  const wrongUser = 'has a user or password that can not be sent; write "%" in it as "%25", and no line break';
  const otherwise = 'must be the address of an HTTP proxy, such as http://proxy.example:3128';
  environment.report(name, isAddress === undefined ? otherwise : wrongUser);
  return undefined;
}

/** Whether a user and a password, as an address has them, can be read and sent. */
function isSendableUser(user: string): boolean {
  try {
    return ONE_LINE.accepts(decodeURIComponent(user));
  } catch {
    return false;
  }
}
