import { expect, test } from 'vitest';
import { WHOLE_LIST } from './list-view.ts';
import { type Place, placeFrom, placeText } from './location.ts';

test('the address leads back to the same place', () => {
  const place: Place = {
    tab: 'secrets',
    view: { search: 'db & co', show: 'problem', sort: 'changed', descending: true },
  };
  expect(placeFrom(placeText(place))).toEqual(place);
});

test('the start needs nothing in the address', () => {
  expect(placeText({ tab: 'services', view: WHOLE_LIST })).toBe('');
  expect(placeFrom('')).toEqual({ tab: 'services', view: WHOLE_LIST });
});

test('what an address says that this page does not know is passed over', () => {
  expect(placeFrom('#list=volumes&show=nothing&x=1')).toEqual({ tab: 'services', view: WHOLE_LIST });
});

test.each(['service', 'secret'] as const)(
  'the page of a %s has an address of its own, in the list that it belongs to',
  (kind) => {
    const place: Place = { tab: `${kind}s`, view: WHOLE_LIST, detail: { kind, name: 'db & co=1#2' } };
    expect(placeText(place)).toBe(`#${kind}=db+%26+co%3D1%232`);
    expect(placeFrom(placeText(place))).toEqual(place);
  },
);
