import { expect, test } from 'vitest';
import { validBeforeMs } from './ssh-certificate.ts';

// Made with: ssh-keygen -s ca -I id -n app,web -V 20260101000000Z:20270203040506Z KEY.pub
const certificates = [
  [
    'ssh-ed25519-cert-v01@openssh.com',
    [
      'AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAICY3sQ9SoomSAFM5s8F7/7oLM5YGKVG7+FuBVNsXQObFAAAA',
      'IIFvu2NGrYA3CslklfnkqcmEnlakSY2yhbMpRDCYK+7OAAAAAAAAAAAAAAABAAAAAmlkAAAADgAAAANhcHAAAAADd2ViAAAAAGlV',
      'uQAAAAAAa2KncgAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcA',
      'AAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAA',
      'AAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIE6ugebj9wU7fwGfZo6c/M4Eeof7D4wLmDQ+7CnF7crqAAAAUwAAAAtzc2gtZWQyNTUx',
      'OQAAAEC0sXfw68vXGf/lGssU+rXFb9S6QgPkIsOIfhQ2DZsXhP5/6BvFyDYHL/vWG+OB/tvUQ6kgO3fossKNdmytdq4D',
    ].join(''),
  ],
  [
    'ecdsa-sha2-nistp256-cert-v01@openssh.com',
    [
      'AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgaXbgtYddykMrKPkd83zKMIDhdIrs5RkPSzi4',
      'GVsYQ0IAAAAIbmlzdHAyNTYAAABBBMSANVJ54N1kc0AIYUZmf2yiTNmYlaEQEC0FC5JYKEbie9k55lbEM8hnvhbkMxdmqH/KZWk+',
      '4qqpQRdPvxsTI3UAAAAAAAAAAAAAAAEAAAACaWQAAAAOAAAAA2FwcAAAAAN3ZWIAAAAAaVW5AAAAAABrYqdyAAAAAAAAAIIAAAAV',
      'cGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9y',
      'd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkA',
      'AAAgTq6B5uP3BTt/AZ9mjpz8zgR6h/sPjAuYND7sKcXtyuoAAABTAAAAC3NzaC1lZDI1NTE5AAAAQKK0KIfumMJQrq+XqK8GOKsU',
      'vbaDmAGRNFBBWj4Qn+jEu7D/3Us+wZeBs6g/OwLzNqwEjlLcIcbzHGZWilw9zQg=',
    ].join(''),
  ],
  [
    'ssh-rsa-cert-v01@openssh.com',
    [
      'AAAAHHNzaC1yc2EtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgNJ67laY47Ab+rYMmCyNyFqePxmJZlV8MgqMnTTN/Gx0AAAADAQAB',
      'AAAAgQDGYDZz6lGazzmo6BFKm0gbbkBQICLphGYwM9n292VuJDOPa3wqGCMqUMWXyKOZdD5U+PV1XIkJZ+1qH2U7bWqyxem2NFsU',
      'lOmAkGdPaWeZ0TQm1KkJW/zLWv9N2Vbc4FIckkC5yI3H+9CM6xDOxJtjh/IHmBEaO4jdeTdh6kCvHQAAAAAAAAAAAAAAAQAAAAJp',
      'ZAAAAA4AAAADYXBwAAAAA3dlYgAAAABpVbkAAAAAAGtip3IAAAAAAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAA',
      'F3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAA',
      'AAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACBOroHm4/cFO38Bn2aOnPzOBHqH+w+MC5g0',
      'Puwpxe3K6gAAAFMAAAALc3NoLWVkMjU1MTkAAABAeLKlPaoVzSsRDMRMeiE42IDUZMXi7zi1d/ostzEMaPXj35KAxCUp5rEoTNSb',
      'vmJb/oEs6NfDMtK7rEdmOjtQDA==',
    ].join(''),
  ],
] as const;
/** Without -V. */
const forever = [
  'AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAID/B2VIyMEITSa+R6AVfHQ1TQmLdw2+QKLperGHxGy06AAAA',
  'IIFvu2NGrYA3CslklfnkqcmEnlakSY2yhbMpRDCYK+7OAAAAAAAAAAAAAAABAAAAAmlkAAAAAAAAAAAAAAAA//////////8AAAAA',
  'AAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQt',
  'cG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAAMwAAAAtzc2gt',
  'ZWQyNTUxOQAAACBOroHm4/cFO38Bn2aOnPzOBHqH+w+MC5g0Puwpxe3K6gAAAFMAAAALc3NoLWVkMjU1MTkAAABAJmcfl1adTbWz',
  'rIi1p7lxdkzJrMHCQXJJDBhst1DKX8NMblSnU5j63DcrkzrOzEwq60z7cu1NnDXp5tSDzr34CA==',
].join('');

test.each(certificates)('the end of a certificate of the type %s is found', (type, base64) => {
  expect(validBeforeMs(`${type} ${base64} comment\n`)).toBe(Date.UTC(2027, 1, 3, 4, 5, 6));
});

test.each([
  ['a certificate without an end', `ssh-ed25519-cert-v01@openssh.com ${forever}`],
  ['a certificate that is cut', `ssh-ed25519-cert-v01@openssh.com ${forever.slice(0, 200)}`],
  ['a length beyond the end', 'ssh-ed25519-cert-v01@openssh.com /////w=='],
  ['a key', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5'],
  ['a name of every object', '__proto__ AAAA'],
  ['no text', ''],
])('%s has none', (_what, text) => {
  expect(validBeforeMs(text)).toBeNull();
});
