import { expect, test } from 'vitest';
import { expandTemplate, parseTemplate } from './path-template.ts';

const expand = (text: string, values: Readonly<Record<string, string>>) =>
  expandTemplate(parseTemplate(text), values, 'http x');

test('a value is percent-encoded, so that it stays in its place', () => {
  expect(expand('/v1/{name}?q={name}', { name: 'a/b?c&d=é #%' })).toBe(
    '/v1/a%2Fb%3Fc%26d%3D%C3%A9%20%23%25?q=a%2Fb%3Fc%26d%3D%C3%A9%20%23%25',
  );
  expect(expand('/v1/{+path}', { path: 'prod/db b' })).toBe('/v1/prod/db%20b');
  expect(expand('/v1?path={path}', { path: '..' })).toBe('/v1?path=..');
});

test.each([
  ['/v1/{name}', { name: '..' }],
  ['/v1/{name}/x', { name: '.' }],
  ['/v1/.{name}', { name: '.' }],
  ['/v1/{+path}', { path: 'a/../../admin' }],
  ['/v1/{name}', {}],
  ['/v1/{name}', { name: '\ud800' }],
  ['/v1/{toString}', {}],
])('%s with %j is refused', (text, values) => {
  expect(() => expand(text, values as Readonly<Record<string, string>>)).toThrow(/^http x: /);
});
