import { inspect } from 'node:util';
import { ProviderError, refKey, SecretValue, selectValue } from '@vault-swarm/provider';
import { type Behaviour, bytesOf } from './memory-provider.ts';

/** A provider with one thing wrong, and the checks that have to find it. */
export interface Mutant {
  readonly name: string;
  readonly mutation: Partial<Behaviour>;
  /** The starts of the names of the checks that fail; others may fail too. */
  readonly foundBy: readonly string[];
}

type Code = ConstructorParameters<typeof ProviderError>[0];

/** Changes the delivered bytes. */
function delivering(change: (bytes: Buffer) => Uint8Array): Partial<Behaviour> {
  return { select: (payload, ref) => new SecretValue(change(Buffer.from(selectValue(payload, ref).reveal()))) };
}

/** Answers `code`, or something else than a ProviderError, where `from` would be right. */
function failing(from: Code, to: Code | 'TypeError'): Partial<Behaviour> {
  return {
    failure: (error) => {
      if (!(error instanceof ProviderError) || error.code !== from) return error;
      return to === 'TypeError' ? new TypeError('undefined is not a function') : new ProviderError(to, error.message);
    },
  };
}

/** Delivers something in place of an INVALID_PAYLOAD. */
const toleratingAnything: Partial<Behaviour> = {
  select(payload, ref) {
    try {
      return selectValue(payload, ref);
    } catch (error) {
      if (error instanceof ProviderError && error.code === 'INVALID_PAYLOAD') return SecretValue.fromText('null');
      throw error;
    }
  },
};

/** Adds the value to an error in the way that `leak` does. */
function leaking(leak: (text: string, error: unknown) => unknown): Partial<Behaviour> {
  return {
    failure: (error, payload) =>
      payload === undefined ? error : leak(Buffer.from(bytesOf(payload)).toString(), error),
  };
}

/** Keeps the values that it gave. */
function givingAgain(): Partial<Behaviour> {
  const given = new Map<string, SecretValue>();
  return {
    select(payload, ref) {
      const key = `${refKey(ref)} ${Buffer.from(bytesOf(payload)).toString('base64')}`;
      const value = given.get(key) ?? selectValue(payload, ref);
      given.set(key, value);
      return value;
    },
  };
}

export const mutants: readonly Mutant[] = [
  {
    name: 'loses the last byte',
    mutation: delivering((bytes) => bytes.subarray(0, -1)),
    foundBy: [
      'delivers a value of one byte',
      'delivers the characters of a field',
      'delivers short numbers',
      'reaches nested fields',
      'takes the only field',
      'delivers a field that is an object',
      'prefers a field whose name has dots',
      'delivers the whole secret',
    ],
  },
  {
    name: 'takes an empty value for a missing one',
    mutation: {
      select: (payload, ref) => {
        const value = selectValue(payload, ref);
        if (value.byteLength === 0) throw new ProviderError('NOT_FOUND', 'there is nothing');
        return value;
      },
    },
    foundBy: ['delivers a field that is empty'],
  },
  {
    name: 'cuts values at 256 KiB',
    mutation: delivering((bytes) => bytes.subarray(0, 256 * 1024)),
    foundBy: ['delivers the largest value'],
  },
  {
    name: 'trims',
    mutation: delivering((bytes) => Buffer.from(bytes.toString().trim())),
    foundBy: ['delivers text as UTF-8', 'delivers the characters of a field'],
  },
  {
    name: 'strips one newline',
    mutation: delivering((bytes) => (bytes.at(-1) === 10 ? bytes.subarray(0, -1) : bytes)),
    foundBy: ['delivers text as UTF-8', 'delivers the characters of a field'],
  },
  {
    name: 'strips the byte order mark',
    mutation: delivering((bytes) => Buffer.from(new TextDecoder().decode(bytes))),
    foundBy: ['delivers text as UTF-8', 'delivers bytes that are no text', 'decodes base64'],
  },
  {
    name: 'rounds numbers',
    mutation: delivering((bytes) =>
      Buffer.from(bytes.toString().replace(/(?<![\w.])-?\d+(\.\d+)?(e\d+)?/g, (digits) => String(Number(digits)))),
    ),
    foundBy: ['takes text that looks like a number', 'delivers numbers with every digit', 'keeps every digit'],
  },
  {
    name: 'takes the last field instead of a default one',
    mutation: {
      select: (payload, ref) => {
        if (payload.kind === 'bytes' || ref.field !== undefined) return selectValue(payload, ref);
        const field = Object.keys(payload.fields).sort()[0] ?? '';
        return selectValue(payload, ref.encoding === 'json' ? ref : { ...ref, field });
      },
    },
    foundBy: ['takes the first of the default fields', 'lists the names of the fields'],
  },
  {
    name: 'delivers what can not be delivered',
    mutation: toleratingAnything,
    foundBy: [
      'lists the names of the fields',
      'refuses a field that is null',
      'refuses a field of a value that is no JSON',
      'refuses a value that is not base64',
    ],
  },
  {
    name: 'does not list the fields',
    mutation: {
      failure: (error) => (error instanceof ProviderError ? new ProviderError(error.code, 'no such field') : error),
    },
    foundBy: ['lists the names of the fields', 'answers NOT_FOUND for a field'],
  },
  {
    name: 'has a revision that tells only the length',
    mutation: { revision: ({ payload }) => String(bytesOf(payload).length) },
    foundBy: [
      'gives a changed value another revision',
      'gives a changed field another revision',
      'gives a value that was deleted and made again another revision',
    ],
  },
  {
    name: 'has revisions of one run only',
    mutation: { revision: (version, instanceId) => `${instanceId}-${version.number}` },
    foundBy: ['keeps the revision of an unchanged value', 'gives the same value the same revision'],
  },
  {
    name: 'has the value for a revision',
    mutation: { revision: ({ payload }) => Buffer.from(bytesOf(payload)).toString() },
    foundBy: ['tells no value in a revision', 'tells no value in an old'],
  },
  {
    name: 'dates every revision 1970',
    mutation: { createdAtMs: () => 0 },
    foundBy: ['says when a revision was made'],
  },
  {
    name: 'ignores pins',
    mutation: { pinned: (versions) => versions.at(-1) },
    foundBy: ['reads the version that a ref pins', 'answers NOT_FOUND for a version'],
  },
  {
    name: 'reads the current value for an old revision',
    mutation: { earlier: (versions) => versions.at(-1) },
    foundBy: ['reads a replaced value', 'answers NOT_FOUND for a revision', 'never reads another value'],
  },
  {
    name: 'reads another field of an old revision',
    mutation: { earlierRef: ({ field: _, ...ref }) => ({ ...ref, field: 'other' }) },
    foundBy: ['reads a field of a replaced value'],
  },
  {
    name: 'has a marker that tells only the length',
    mutation: { marker: ({ payload }) => String(bytesOf(payload).length) },
    foundBy: ['gives a changed value another marker', 'gives a value that was deleted and made again another marker'],
  },
  {
    name: 'has a new marker each time',
    mutation: { marker: () => String(performance.now()) },
    foundBy: ['keeps the marker of an unchanged value'],
  },
  {
    name: 'has the value for a marker',
    mutation: { marker: ({ payload }) => Buffer.from(bytesOf(payload)).toString() },
    foundBy: ['tells no value in what a probe answers'],
  },
  {
    name: 'does not know what is missing',
    mutation: failing('NOT_FOUND', 'UNAVAILABLE'),
    foundBy: [
      'answers NOT_FOUND for a secret',
      'answers NOT_FOUND for a field',
      'answers NOT_FOUND for a version',
      'answers NOT_FOUND for a revision',
    ],
  },
  {
    name: 'throws what it happens to throw',
    mutation: failing('INVALID_REF', 'TypeError'),
    foundBy: ['answers INVALID_REF'],
  },
  ...(
    [
      ['UNAVAILABLE', 'answers UNAVAILABLE in an outage', 'answers UNAVAILABLE, not NOT_FOUND'],
      ['UNAUTHENTICATED', 'answers UNAUTHENTICATED'],
      ['RATE_LIMITED', 'answers RATE_LIMITED'],
      ['ACCESS_DENIED', 'answers ACCESS_DENIED'],
    ] as const
  ).map(
    ([code, ...foundBy]): Mutant => ({
      name: `answers NOT_FOUND for ${code}`,
      mutation: failing(code, 'NOT_FOUND'),
      foundBy,
    }),
  ),
  {
    name: 'quotes the value in a message',
    mutation: leaking((text) => new ProviderError('INVALID_PAYLOAD', `can't parse ${text}`)),
    foundBy: ['tells no value in an error', 'tells no value in an old', 'refuses a value that is not base64'],
  },
  {
    name: 'quotes the value in a cause',
    mutation: leaking(
      (text, error) =>
        new ProviderError('INVALID_PAYLOAD', 'broken', { cause: new Error(`${error}`, { cause: text }) }),
    ),
    foundBy: ['tells no value in an error'],
  },
  {
    name: 'carries the value as a property',
    mutation: leaking((text, error) => Object.assign(error as object, { response: { body: Buffer.from(text) } })),
    foundBy: ['tells no value in an error'],
  },
  {
    name: 'carries the value in base64',
    mutation: leaking((text, error) =>
      Object.assign(error as object, { body: Buffer.from(`--${text}`).toString('base64') }),
    ),
    foundBy: ['tells no value in an error'],
  },
  {
    name: 'logs what it reads',
    mutation: {
      wrap: (revision) => {
        // biome-ignore lint/suspicious/noConsole: this is what the mutant does wrong
        console.debug(`read ${Buffer.from(revision.value.reveal())}`);
        return revision;
      },
    },
    foundBy: ['prints no value'],
  },
  {
    name: 'prints the value of a revision',
    mutation: { wrap: (revision) => Object.assign(revision, { bytes: revision.value.reveal() }) },
    foundBy: ['tells no value in a revision', 'tells no value in an old'],
  },
  {
    name: 'prints the value of a revision only where it is inspected',
    mutation: {
      wrap: (revision) =>
        Object.defineProperty(revision, inspect.custom, {
          value: () => Buffer.from(revision.value.reveal()).toString(),
        }),
    },
    foundBy: ['tells no value in a revision', 'tells no value in an old'],
  },
  {
    name: 'ignores aborts',
    mutation: { heedsAbort: false },
    foundBy: [
      'does not read with a signal',
      'does not probe with a signal',
      'ends a read that hangs',
      'ends a read whose answer only drips',
      'ends a probe that hangs',
      'does not read an old revision with a signal',
      'ends a read of an old revision',
    ],
  },
  {
    name: 'ends every read of a value with the one that is aborted',
    mutation: { sharesAborts: true },
    foundBy: ['goes on with a read'],
  },
  {
    name: 'gives the same value again',
    mutation: givingAgain(),
    foundBy: ['gives each caller a value of its own'],
  },
  {
    name: 'mixes up reads',
    mutation: { mixesReads: true },
    foundBy: ['delivers a hundred values'],
  },
  {
    name: 'orders revisions by the wrong end',
    mutation: { compare: (a, b) => b.number - a.number },
    foundBy: ['orders the revisions'],
  },
  {
    name: 'names the marker for a revision',
    mutation: { probedRevision: ({ number }) => String(number) },
    foundBy: ['names in its probe'],
  },
  {
    name: 'forgets what is missing in a probe',
    mutation: { probed: (answer) => new Map([...answer].filter(([, { kind }]) => kind === 'marker')) },
    foundBy: ['probes each ref under its key', 'answers a probe in an outage'],
  },
  {
    name: 'rejects a probe of nothing',
    mutation: {
      probed: (answer) => {
        if (answer.size === 0) throw new ProviderError('INVALID_REF', 'no refs');
        return answer;
      },
    },
    foundBy: ['probes no refs'],
  },
  { name: 'never hints', mutation: { sendsHints: false }, foundBy: ['hints at a change'] },
  { name: 'hints at who left', mutation: { keepsListeners: true }, foundBy: ['hints at a change'] },
  { name: 'keeps a timer', mutation: { endsTimers: false }, foundBy: ['leaves nothing behind'] },
  { name: 'can be closed only once', mutation: { closesOnce: true }, foundBy: ['can be closed twice'] },
  { name: 'lets reads run on when closed', mutation: { closingAborts: false }, foundBy: ['cuts off the reads'] },
];
