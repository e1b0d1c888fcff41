/** A JSON object with unchecked values. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The record with each of its values replaced. */
export function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  map: (value: A) => B,
): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** @throws {TypeError} if it is not an object. */
export function object(value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object');
  return value as JsonObject;
}

/** @throws {TypeError} if it is not an array. */
export function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value;
}

/** @throws {TypeError} if it is not a string. */
export function string(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a string');
  return value;
}

/** @throws {TypeError} if it is not a finite number. */
function number(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('not a number');
  return value;
}

/** The latest time that a `Date` can represent, in milliseconds since 1970. */
const MAX_TIME_MS = 8.64e15;

/** A time, in milliseconds since 1970. @throws {TypeError} if a `Date` can't represent it. */
export function timeMs(value: unknown): number {
  const time = number(value);
  if (time < 0 || time > MAX_TIME_MS) throw new TypeError('not a time');
  return time;
}

/** @throws {TypeError} if it is not an integer from 0 to the largest safe one. */
export function natural(value: unknown): number {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw new TypeError('not a natural number');
  return Number(value);
}

/** @throws {TypeError} if it is not one of the allowed values. */
export function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new TypeError(`not one of ${allowed.join(', ')}`);
  return found;
}
