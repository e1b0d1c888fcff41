import { expect, it } from 'vitest';
import { OWN_LABELS, parseLabelTemplate } from './label-template.ts';

it("puts a secret's path and field into the labels", () => {
  expect(parseLabelTemplate(OWN_LABELS)({ path: 'app/db', field: 'password' })).toEqual({
    vault_path: 'app/db',
    vault_field: 'password',
  });
  const both = parseLabelTemplate('{"at":"secret/data/{path}#{field}","again":"{path}{path}","rotate":"off"}');
  expect(both({ path: 'a', field: '$&' })).toEqual({ at: 'secret/data/a#$&', again: 'aa', rotate: 'off' });
});

it.each(['', '[]', 'null', '{"a":1}', '"{path}"'])('refuses %j and shows what it takes', (text) => {
  expect(() => parseLabelTemplate(text)).toThrow(`PEER_LABELS=${text}: it must be a JSON object of strings, such as {`);
});
