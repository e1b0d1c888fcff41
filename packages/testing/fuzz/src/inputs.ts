import { inspect } from 'node:util';
import fc from 'fast-check';

/** A text in all values, to find values in wrong places. */
export const CANARY = 'c4n4ry';

/** Whether a thing shows a value when it is printed or serialised. */
export function showsCanary(thing: unknown): boolean {
  const serialised = thing instanceof Error ? JSON.stringify(thing, Object.getOwnPropertyNames(thing)) : '';
  return [String(thing), inspect(thing, { depth: 8, showHidden: true }), serialised].some((text) =>
    text.includes(CANARY),
  );
}

const text = fc.oneof(
  fc.constantFrom(
    CANARY,
    `${CANARY}\n`,
    `{"a":"${CANARY}"`,
    `"${CANARY}`,
    '',
    ' ',
    '\ufeff',
    '0',
    'null',
    'YQ==',
    '🐙',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }).map((end) => `${CANARY}${end}`),
);

const names = fc.oneof(
  fc.constantFrom(
    'value',
    'password',
    'data',
    'metadata',
    'a.b',
    'a',
    '',
    '__proto__',
    'constructor',
    'length',
    'rawJSON',
  ),
  fc.string({ maxLength: 8 }),
);

/** JSON text with secret values: its strings contain the canary, its names do not. */
export const secretJson: fc.Arbitrary<string> = fc
  .letrec<{ value: unknown; object: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      text,
      fc.constantFrom(null, true, false, 0, -1.5, 1e300),
      fc.array(tie('value'), { maxLength: 3 }),
      tie('object'),
    ),
    object: fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  }))
  .object.map((object) => JSON.stringify(object));

/**
 * Response texts of a server: JSON of the shape of `like`, with parts replaced, removed or truncated; or any other text.
 */
export function answer(like: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return fc.oneof(
    { arbitrary: like.map((value) => JSON.stringify(value)), weight: 2 },
    {
      arbitrary: fc.tuple(like, fc.nat(), secretJson).map(([value, at, other]) => replaced(value, at, other)),
      weight: 4,
    },
    { arbitrary: fc.tuple(like, fc.nat()).map(([value, at]) => cut(JSON.stringify(value), at)), weight: 1 },
    { arbitrary: secretJson, weight: 1 },
    { arbitrary: fc.json({ maxDepth: 3 }), weight: 1 },
    { arbitrary: fc.integer({ min: 1, max: 3_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)), weight: 1 },
  );
}

function cut(json: string, at: number): string {
  return json.slice(0, at % (json.length + 1));
}

/** `value` with its `at`-th inner value replaced. */
function replaced(value: unknown, at: number, other: string): string {
  let count = 0;
  JSON.stringify(value, (_name, inner) => {
    count++;
    return inner;
  });
  let index = 0;
  return JSON.stringify(value, (_name, inner) => (index++ === at % count ? JSON.parse(other) : inner));
}
