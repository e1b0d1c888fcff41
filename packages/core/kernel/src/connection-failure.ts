/** Why a connection failed, for people. */
export interface ConnectionFailure {
  /** Continues "the server …": a whole reason without the system's code. */
  readonly reason: string;
  /** What kind of setting is probably wrong. */
  readonly blame: 'name' | 'address' | 'scheme' | 'certificate' | 'network' | 'permission' | 'server';
}

const at = (blame: ConnectionFailure['blame'], reason: string): ConnectionFailure => ({ reason, blame });

const FAILURES: Readonly<Record<string, ConnectionFailure>> = {
  ENOTFOUND: at('name', "can't be found: its host name has no address"),
  EAI_AGAIN: at('name', "can't be found: no name server answers for its host name"),
  ECONNREFUSED: at('address', "can't be reached: nothing listens at its address"),
  ENOENT: at('address', "can't be reached: its socket does not exist"),
  ENOTSOCK: at('address', "can't be reached: the file at its address is no socket"),
  EACCES: at('permission', "can't be reached: this process has no permission to open its socket"),
  EPERM: at('permission', "can't be reached: the system does not permit the connection"),
  EHOSTUNREACH: at('network', "can't be reached: there is no route to its host"),
  ENETUNREACH: at('network', "can't be reached: there is no route to its network"),
  ETIMEDOUT: at('network', "can't be reached: the connection timed out, so a firewall may drop it"),
  UND_ERR_CONNECT_TIMEOUT: at('network', "can't be reached: the connection timed out, so a firewall may drop it"),
  ECONNRESET: at('server', "can't be reached: it closed the connection"),
  EPIPE: at('server', "can't be reached: it closed the connection"),
  UND_ERR_SOCKET: at('server', "can't be reached: it closed the connection"),
  EPROTO: at('scheme', 'does not speak TLS at this port'),
  ERR_SSL_WRONG_VERSION_NUMBER: at('scheme', 'does not speak TLS at this port'),
  ERR_SSL_PACKET_LENGTH_TOO_LONG: at('scheme', 'does not speak TLS at this port'),
  ERR_TLS_CERT_ALTNAME_INVALID: at('certificate', 'has a certificate for another name'),
  CERT_HAS_EXPIRED: at('certificate', 'has a certificate that has expired'),
  CERT_NOT_YET_VALID: at('certificate', 'has a certificate that is not valid yet: compare the clocks'),
};

const UNTRUSTED = at('certificate', 'has a certificate that is not trusted');
const NOT_HTTP = at('scheme', 'does not speak HTTP at this port');

/**
 * What a code of the system, of TLS or of an HTTP client means for the operator. `null` if it is not known.
 *
 * @param code such as `ECONNREFUSED` or `ERR_SSL_WRONG_VERSION_NUMBER`.
 */
export function connectionFailure(code: string): ConnectionFailure | null {
  const known = Object.hasOwn(FAILURES, code) ? FAILURES[code] : undefined;
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return NOT_HTTP;
  return /CERT|ISSUER|SIGNATURE|SELF_SIGNED/.test(code) ? UNTRUSTED : null;
}
