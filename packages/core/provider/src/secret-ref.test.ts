import { describe, expect, it } from 'vitest';
import { leaseKey, refKey, type SecretRef } from './secret-ref.ts';

const stored: SecretRef = { provider: 'vault', location: { mount: 'database', path: 'creds/shop' }, encoding: 'raw' };
const leased: SecretRef = { ...stored, lease: { params: null, settleMs: 0 } };

describe('the keys of refs', () => {
  it('have no lease part for a stored value, so that keys in older ledgers stay valid', () => {
    expect(refKey(stored)).toBe('["vault",[["mount","database"],["path","creds/shop"]],null,null,"raw"]');
    expect(leaseKey(stored)).toBeUndefined();
  });

  it('differ between a stored and a leased value, and between parameters of the issue', () => {
    const withParams: SecretRef = { ...leased, lease: { params: '{"ttl":"5m"}', settleMs: 0 } };
    expect(new Set([stored, leased, withParams].map(refKey)).size).toBe(3);
    expect(leaseKey(leased)).not.toBe(leaseKey(withParams));
  });

  it('give user name and password of one issue the same lease key', () => {
    const username: SecretRef = { ...leased, field: 'username' };
    const password: SecretRef = {
      ...leased,
      field: 'password',
      encoding: 'base64',
      lease: { params: null, settleMs: 5 },
    };
    expect(refKey(username)).not.toBe(refKey(password));
    expect(leaseKey(username)).toBe(leaseKey(password));
  });
});
