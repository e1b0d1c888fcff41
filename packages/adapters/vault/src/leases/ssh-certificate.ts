/** The number of fields of the public key, by the type of the certificate. */
const KEY_FIELDS: Readonly<Record<string, number>> = {
  'ssh-rsa-cert-v01@openssh.com': 2,
  'ssh-ed25519-cert-v01@openssh.com': 1,
  'ecdsa-sha2-nistp256-cert-v01@openssh.com': 2,
  'ecdsa-sha2-nistp384-cert-v01@openssh.com': 2,
  'ecdsa-sha2-nistp521-cert-v01@openssh.com': 2,
};

/** The last time that a date can be made of. A certificate without an end has a later one. */
const MAX_TIME_MS = 8.64e15;

/**
 * When an OpenSSH certificate (`TYPE BASE64`) ends, in milliseconds since 1970; `null` if it is none, or does not end.
 *
 * @see https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.certkeys
 */
export function validBeforeMs(text: string): number | null {
  const [type = '', base64 = ''] = text.trim().split(/\s+/);
  const keyFields = Object.hasOwn(KEY_FIELDS, type) ? KEY_FIELDS[type] : undefined;
  if (keyFields === undefined) return null;
  const bytes = Buffer.from(base64, 'base64');
  let at = 0;
  const skipField = () => {
    at += 4 + bytes.readUInt32BE(at);
  };
  try {
    // Type, nonce, public key; then a serial number and the kind of certificate; then key id and principals.
    for (let index = 0; index < 2 + keyFields; index++) skipField();
    at += 8 + 4;
    skipField();
    skipField();
    const validBefore = bytes.readBigUInt64BE(at + 8);
    const endMs = Number(validBefore) * 1_000;
    return endMs <= MAX_TIME_MS ? endMs : null;
  } catch {
    return null;
  }
}
