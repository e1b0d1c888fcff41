import { describe, expect, it } from 'vitest';
import { encodeErrorResponse, encodeValueResponse } from './secret-response.ts';

describe('the answer to a GetSecret', () => {
  it('carries every byte of a value, whatever its length', () => {
    for (let length = 1; length < 600; length++) {
      const value = Uint8Array.from({ length }, (_, index) => (index * 31 + length * 7) & 0xff);
      const answer = JSON.parse(encodeValueResponse(value).toString('latin1'));
      expect(answer).toEqual({ Value: Buffer.from(value).toString('base64'), DoNotReuse: true });
    }
  });

  it('carries the longest value that Swarm takes', () => {
    const value = new Uint8Array(500 * 1024 - 1).fill(0xfb);
    const answer = JSON.parse(encodeValueResponse(value).toString('latin1'));
    expect(Buffer.from(answer.Value, 'base64').equals(value)).toBe(true);
  });

  it('reads a value that is a part of a larger buffer', () => {
    const value = Buffer.from('xxsecretxx').subarray(2, 8);
    expect(JSON.parse(encodeValueResponse(value).toString()).Value).toBe(Buffer.from('secret').toString('base64'));
  });

  it('says why there is no value', () => {
    expect(JSON.parse(encodeErrorResponse('no "x"\n').toString())).toEqual({ Err: 'no "x"\n', DoNotReuse: true });
  });
});
