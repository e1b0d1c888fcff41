import { expect, test } from 'vitest';
import { rollingWorld, troubledWorld, wellWorld } from '../testing/scenarios.ts';
import { WHOLE_LIST } from './list-view.ts';
import { secretsIn } from './secrets-view.ts';
import { servicesIn } from './services-view.ts';

const namesOf = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name);

test('services that need somebody come first, the others by name', () => {
  const { services } = troubledWorld();
  expect(namesOf(servicesIn(services, WHOLE_LIST)).slice(0, 4)).toEqual(['search', 'billing', 'mailer', 'backup']);
});

test('only what is wrong, or rolls, is shown when asked for', () => {
  const view = { ...WHOLE_LIST, show: 'problem' } as const;
  expect(namesOf(servicesIn(troubledWorld().services, view))).toEqual(['search', 'billing', 'mailer']);
  expect(namesOf(secretsIn(troubledWorld().secrets, view))).toEqual(['search_api_key']);
  const rolling = { ...WHOLE_LIST, show: 'rolling' } as const;
  expect(namesOf(servicesIn(rollingWorld().services, rolling))).toEqual(['shop_api', 'shop_web']);
});

test('a search finds every word, in names of services and of secrets, in whatever case', () => {
  const { services, secrets } = wellWorld();
  expect(namesOf(servicesIn(services, { ...WHOLE_LIST, search: 'SHOP queue' }))).toEqual(['shop_worker']);
  expect(namesOf(secretsIn(secrets, { ...WHOLE_LIST, search: 'mailer' }))).toEqual(['smtp_password']);
});

test('sorts by a column both ways, and numbers in names as numbers', () => {
  const { services, secrets } = wellWorld();
  const byTasks = servicesIn(services, { ...WHOLE_LIST, sort: 'tasks', descending: true });
  expect(namesOf(byTasks).slice(0, 2)).toEqual(['shop_api', 'shop_web']);
  const newest = secretsIn(secrets, { ...WHOLE_LIST, sort: 'changed', descending: true });
  expect(newest[0]?.name).toBe('db_password');
  const numbered = ['web-10', 'web-2'].map((name) => ({ ...services[0], name }) as (typeof services)[number]);
  expect(namesOf(servicesIn(numbered, WHOLE_LIST))).toEqual(['web-2', 'web-10']);
});
