import { inspect } from 'node:util';
import { type LosslessJson, parseLosslessJson } from '@vault-swarm/provider';

/** A text in every value of the suite, to detect leaks. */
const CANARY = 'c4n4ryV4lu3';

/** A number that a double can't represent, for values that are numbers. */
export const CANARY_NUMBER = '98765432109876543210987';

/** A recognisable value to store. It differs for each `distinction`. */
export function canary(distinction: string): string {
  return `${CANARY}-${distinction}`;
}

/** A number with these characters, for the value of a field. */
export function exactNumber(characters: string): LosslessJson {
  return parseLosslessJson(characters);
}

const FORMS: readonly (readonly [form: string, pattern: string])[] = [
  ...[CANARY, CANARY_NUMBER].flatMap((text): [string, string][] => [
    ['as it is', text],
    ...[0, 1, 2].map((offset): [string, string] => ['as base64', base64At(offset, text)]),
    ['as hex', Buffer.from(text).toString('hex')],
    ['as a printed buffer', [...Buffer.from(text)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')],
    ['as a list of bytes', [...Buffer.from(text)].join(',')],
    ['as a printed list of bytes', [...Buffer.from(text)].join(', ')],
  ]),
];

/** Describes how a thing shows a value of the suite, also in its causes; `null` if it shows none. */
export function findValue(thing: unknown): string | null {
  for (const [place, text] of views(thing)) {
    for (const [form, pattern] of FORMS) {
      if (text.includes(pattern)) return `${place} shows the value ${form}`;
    }
  }
  return null;
}

/** All texts that printing, logging or serialising `thing` could show. */
function* views(thing: unknown): Generator<readonly [place: string, text: string]> {
  yield ['String()', String(thing)];
  yield ['JSON.stringify', JSON.stringify(thing) ?? ''];
  const compact = { depth: Number.POSITIVE_INFINITY, breakLength: Number.POSITIVE_INFINITY };
  yield ['util.inspect', inspect(thing, { ...compact, showHidden: true, maxArrayLength: null, maxStringLength: null })];
  for (let error = thing, depth = 0; error instanceof Error && depth < 10; error = error.cause, depth++) {
    const place = depth === 0 ? 'the error' : `cause ${depth} of the error`;
    yield [`${place}'s message`, error.message];
    yield [`${place}'s stack`, error.stack ?? ''];
    yield [place, JSON.stringify(error, Object.getOwnPropertyNames(error)) ?? ''];
  }
}

/** The base64 digits of `text` that do not depend on the bytes around it, after `offset` other bytes. */
function base64At(offset: number, text: string): string {
  const digits = Buffer.from(`${'x'.repeat(offset)}${text}xx`).toString('base64');
  return digits.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + text.length) * 8) / 6));
}
