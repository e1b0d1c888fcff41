import { inspect } from 'node:util';
import { type ProbeResult, ProviderError, refKey, SecretValue, selectValue } from '@vault-swarm/provider';
import type { Behaviour } from './memory-provider.ts';
import { bytesOf } from './memory-store.ts';

/** A provider with one fault, and the checks that must find it. */
export interface Mutant {
  readonly name: string;
  readonly mutation: Partial<Behaviour>;
  /** The starts of the names of checks that must fail; others may fail too. */
  readonly foundBy: readonly string[];
}

type Code = ConstructorParameters<typeof ProviderError>[0];

/** Changes the delivered bytes. */
function delivering(change: (bytes: Buffer) => Uint8Array): Partial<Behaviour> {
  return { select: (payload, ref) => new SecretValue(change(Buffer.from(selectValue(payload, ref).reveal()))) };
}

/** Fails with `to`, or with no ProviderError, instead of `from`. */
function failing(from: Code, to: Code | 'TypeError'): Partial<Behaviour> {
  return {
    failure: (error) => {
      if (!(error instanceof ProviderError) || error.code !== from) return error;
      return to === 'TypeError' ? new TypeError('undefined is not a function') : new ProviderError(to, error.message);
    },
  };
}

/** Delivers a value instead of INVALID_PAYLOAD. */
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

/** Adds the value to errors as `leak` does. */
function leaking(leak: (text: string, error: unknown) => unknown): Partial<Behaviour> {
  return {
    failure: (error, payload) =>
      payload === undefined ? error : leak(Buffer.from(bytesOf(payload)).toString(), error),
  };
}

/** Reuses values that it has delivered. */
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

/** Returns all values in one buffer. */
function reusingBuffer(): Partial<Behaviour> {
  const buffer = Buffer.alloc(1024 * 1024);
  return {
    select(payload, ref) {
      const bytes = selectValue(payload, ref).reveal();
      buffer.set(bytes);
      return new SecretValue(buffer.subarray(0, bytes.byteLength));
    },
  };
}

/** Returns the earlier result for a ref whose probe fails. */
function rememberingMarkers(isForgiven: (error: ProviderError) => boolean): Partial<Behaviour> {
  const known = new Map<string, ProbeResult>();
  return {
    probed(answer) {
      for (const [key, result] of answer) {
        const earlier = known.get(key);
        if (result.kind === 'marker') known.set(key, result);
        else if (result.kind === 'failed' && earlier !== undefined && isForgiven(result.error))
          answer.set(key, earlier);
      }
      return answer;
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
      'chooses the only field',
      'delivers a field that is an object',
      'prefers a field whose name has dots',
      'delivers the whole secret',
    ],
  },
  {
    name: 'reports an empty value as missing',
    mutation: {
      select: (payload, ref) => {
        const value = selectValue(payload, ref);
        if (value.byteLength === 0) throw new ProviderError('NOT_FOUND', 'there is nothing');
        return value;
      },
    },
    foundBy: ['delivers an empty field'],
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
    foundBy: ['delivers text as UTF-8', 'delivers bytes that are not text', 'decodes base64'],
  },
  {
    name: 'rounds numbers',
    mutation: delivering((bytes) =>
      Buffer.from(bytes.toString().replace(/(?<![\w.])-?\d+(\.\d+)?(e\d+)?/g, (digits) => String(Number(digits)))),
    ),
    foundBy: ['delivers text that looks like a number', 'delivers numbers with every digit', 'keeps every digit'],
  },
  {
    name: 'chooses the last field instead of a default one',
    mutation: {
      select: (payload, ref) => {
        if (payload.kind === 'bytes' || ref.field !== undefined) return selectValue(payload, ref);
        const field = Object.keys(payload.fields).sort()[0] ?? '';
        return selectValue(payload, ref.encoding === 'json' ? ref : { ...ref, field });
      },
    },
    foundBy: ['chooses the first default field', 'lists the names of the fields'],
  },
  {
    name: 'delivers what can not be delivered',
    mutation: toleratingAnything,
    foundBy: [
      'lists the names of the fields',
      'rejects a field that is null',
      'rejects a field of a value that is not JSON',
      'rejects a value that is not base64',
    ],
  },
  {
    name: 'does not list the fields',
    mutation: {
      failure: (error) => (error instanceof ProviderError ? new ProviderError(error.code, 'no such field') : error),
    },
    foundBy: ['lists the names of the fields', 'fails with NOT_FOUND for a missing field'],
  },
  {
    name: 'has revisions that depend only on the length',
    mutation: { revision: ({ payload }) => String(bytesOf(payload).length) },
    foundBy: [
      'changes the revision of a changed value',
      'changes the revision of a changed field',
      'changes the revision of a deleted and re-created value',
    ],
  },
  {
    name: 'has revisions that change with each instance',
    mutation: { revision: (version, instanceId) => `${instanceId}-${version.number}` },
    foundBy: ['keeps the revision of an unchanged value', 'returns the same revision for the same value'],
  },
  {
    name: 'uses the value as its revision',
    mutation: { revision: ({ payload }) => Buffer.from(bytesOf(payload)).toString() },
    foundBy: ['shows no value in a printed revision', 'shows no value in an old'],
  },
  {
    name: 'dates every revision 1970',
    mutation: { createdAtMs: () => 0 },
    foundBy: ['returns the time of a revision'],
  },
  {
    name: 'ignores pins',
    mutation: { pinned: (versions) => versions.at(-1) },
    foundBy: ['reads the version that a ref pins', 'fails with NOT_FOUND for a version'],
  },
  {
    name: 'reads the current value for an old revision',
    mutation: { earlier: (versions) => versions.at(-1) },
    foundBy: ['reads a replaced value', 'fails with NOT_FOUND for a revision', 'never reads another value'],
  },
  {
    name: 'reads another field of an old revision',
    mutation: { earlierRef: ({ field: _, ...ref }) => ({ ...ref, field: 'other' }) },
    foundBy: ['reads a field of a replaced value'],
  },
  {
    name: 'has markers that depend only on the length',
    mutation: { marker: ({ payload }) => String(bytesOf(payload).length) },
    foundBy: ['changes the marker of a changed value', 'changes the marker of a deleted and re-created value'],
  },
  {
    name: 'has a new marker each time',
    mutation: { marker: () => String(performance.now()) },
    foundBy: ['keeps the marker of an unchanged value'],
  },
  {
    name: 'uses the value as its marker',
    mutation: { marker: ({ payload }) => Buffer.from(bytesOf(payload)).toString() },
    foundBy: ['shows no value in the result of a probe'],
  },
  {
    name: 'does not detect missing values',
    mutation: failing('NOT_FOUND', 'UNAVAILABLE'),
    foundBy: [
      'fails with NOT_FOUND for a missing secret',
      'fails with NOT_FOUND for a missing field',
      'fails with NOT_FOUND for a version',
      'fails with NOT_FOUND for a revision',
    ],
  },
  {
    name: 'throws errors that are no ProviderError',
    mutation: failing('INVALID_REF', 'TypeError'),
    foundBy: ['fails with INVALID_REF'],
  },
  ...(
    [
      ['UNAVAILABLE', 'fails with UNAVAILABLE in an outage', 'fails with UNAVAILABLE, not NOT_FOUND'],
      ['UNAUTHENTICATED', 'fails with UNAUTHENTICATED'],
      ['RATE_LIMITED', 'fails with RATE_LIMITED'],
      ['ACCESS_DENIED', 'fails with ACCESS_DENIED'],
    ] as const
  ).map(
    ([code, ...foundBy]): Mutant => ({
      name: `fails with NOT_FOUND instead of ${code}`,
      mutation: failing(code, 'NOT_FOUND'),
      foundBy,
    }),
  ),
  {
    name: 'quotes the value in a message',
    mutation: leaking((text) => new ProviderError('INVALID_PAYLOAD', `can't parse ${text}`)),
    foundBy: ['shows no value in an error', 'shows no value in an old', 'rejects a value that is not base64'],
  },
  {
    name: 'quotes the value in a cause',
    mutation: leaking(
      (text, error) =>
        new ProviderError('INVALID_PAYLOAD', 'broken', { cause: new Error(`${error}`, { cause: text }) }),
    ),
    foundBy: ['shows no value in an error'],
  },
  {
    name: 'carries the value as a property',
    mutation: leaking((text, error) => Object.assign(error as object, { response: { body: Buffer.from(text) } })),
    foundBy: ['shows no value in an error'],
  },
  {
    name: 'carries the value in base64',
    mutation: leaking((text, error) =>
      Object.assign(error as object, { body: Buffer.from(`--${text}`).toString('base64') }),
    ),
    foundBy: ['shows no value in an error'],
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
    foundBy: ['shows no value in a printed revision', 'shows no value in an old'],
  },
  {
    name: 'prints the value of a revision only where it is inspected',
    mutation: {
      wrap: (revision) =>
        Object.defineProperty(revision, inspect.custom, {
          value: () => Buffer.from(revision.value.reveal()).toString(),
        }),
    },
    foundBy: ['shows no value in a printed revision', 'shows no value in an old'],
  },
  {
    name: 'ignores aborts',
    mutation: { heedsAbort: false },
    foundBy: [
      'does not read if the signal',
      'does not probe if the signal',
      'ends a read that hangs',
      'ends a read of a dripping response',
      'ends a probe that hangs',
      'does not read an old revision if the signal',
      'ends a read of an old revision',
    ],
  },
  {
    name: 'aborts every read of a value when one is aborted',
    mutation: { sharesAborts: true },
    foundBy: ['continues a read'],
  },
  {
    name: 'returns the same value object to all callers',
    mutation: givingAgain(),
    foundBy: ['returns a separate value to each caller'],
  },
  {
    name: 'mixes up reads',
    mutation: { refToRead: (ref, latest) => ({ ...ref, location: latest.location }) },
    foundBy: ['delivers a hundred values'],
  },
  {
    name: 'orders revisions in reverse',
    mutation: { compare: (a, b) => b.number - a.number },
    foundBy: ['orders the revisions'],
  },
  {
    name: 'returns the marker as the revision',
    mutation: { probedRevision: ({ number }) => String(number) },
    foundBy: ['names the same revision in a probe'],
  },
  {
    name: 'does not name the revision in a probe, though it says so',
    mutation: {
      probed: (answer) => {
        const unnamed = ([key, result]: [string, ProbeResult]): [string, ProbeResult] =>
          result.kind === 'marker' ? [key, { kind: 'marker', marker: result.marker }] : [key, result];
        return new Map([...answer].map(unnamed));
      },
    },
    foundBy: ['names the same revision in a probe'],
  },
  {
    name: 'omits missing secrets in a probe',
    mutation: { probed: (answer) => new Map([...answer].filter(([, { kind }]) => kind === 'marker')) },
    foundBy: ['returns a probe result for each ref', 'returns UNAVAILABLE for each ref'],
  },
  {
    name: 'rejects a probe of nothing',
    mutation: {
      probed: (answer) => {
        if (answer.size === 0) throw new ProviderError('INVALID_REF', 'no refs');
        return answer;
      },
    },
    foundBy: ['accepts a probe of no refs'],
  },
  {
    name: 'ignores how new a joined read must be',
    mutation: { joining: ({ notBeforeMs: _, ...options }) => options },
    foundBy: ['does not join a read in flight'],
  },
  {
    name: 'returns a kept result to a caller that wants a newer one',
    mutation: { joining: (options) => ({ ...options, notBeforeMs: 0 }) },
    foundBy: ['reads again if the caller', 'does not join a read in flight'],
  },
  {
    name: 'does not say that it joined an earlier read',
    mutation: { readAtMs: () => undefined },
    foundBy: ['says when a read started that it joined'],
  },
  {
    name: 'says that a read started when it ended',
    mutation: { readAtMs: (_startedAtMs, nowMs) => nowMs },
    foundBy: ['says when a read started that it joined'],
  },
  {
    name: 'dates its reads by another clock',
    mutation: { readAtMs: () => Date.now() },
    foundBy: ['says when a read started, by the clock'],
  },
  {
    name: 'reads the value and then the revision of a newer version',
    mutation: { requests: 'value first' },
    foundBy: ['returns value and revision of the same version'],
  },
  {
    name: 'reads the revision and then the value of a newer version',
    mutation: { requests: 'revision first' },
    foundBy: ['returns value and revision of the same version'],
  },
  {
    name: 'mixes up pins',
    mutation: {
      refToRead: (ref, latest) => (ref.pin === undefined ? ref : { ...latest, pin: latest.pin ?? ref.pin }),
    },
    foundBy: ['reads the version of each pin'],
  },
  { name: 'returns all values in one buffer', mutation: reusingBuffer(), foundBy: ['does not change a value'] },
  {
    name: 'wipes what it returned when it is closed',
    mutation: {
      closed(returned) {
        for (const bytes of returned) bytes.fill(0);
      },
    },
    foundBy: ['does not change a value'],
  },
  {
    name: 'ignores the region',
    mutation: { locationKey: ({ name = '' }) => name },
    foundBy: ['reads the same name at each location', 'probes the same name at each location'],
  },
  {
    name: 'reports a disabled version as UNAVAILABLE',
    mutation: {
      failure: (error) =>
        error instanceof ProviderError && error.message.endsWith('withdrawal')
          ? new ProviderError('UNAVAILABLE', error.message)
          : error,
    },
    foundBy: ['treats a disabled version as missing'],
  },
  {
    name: 'does not verify checksums',
    mutation: { verify: () => {} },
    foundBy: ['fails with UNAVAILABLE for a value that does not fit'],
  },
  {
    name: 'returns the earlier marker if the store is away',
    mutation: rememberingMarkers(({ code }) => code === 'UNAVAILABLE'),
    foundBy: ['returns UNAVAILABLE for each ref'],
  },
  {
    name: 'returns the earlier marker of a deleted value',
    mutation: rememberingMarkers(({ code }) => code === 'NOT_FOUND'),
    foundBy: ['does not return the earlier marker', 'treats a disabled version as missing'],
  },
  {
    name: 'reports no requests',
    mutation: { reported: () => [] },
    foundBy: ['reports an event for each request', 'reports an event for a probe'],
  },
  {
    name: 'reports only reads',
    mutation: { reported: (event) => (event.operation === 'read' ? [event] : []) },
    foundBy: ['reports an event for a probe'],
  },
  {
    name: 'reports only requests that succeed',
    mutation: { reported: (event) => (event.outcome === 'ok' ? [event] : []) },
    foundBy: [
      'reports an event for each request',
      'reports requests of an outage',
      'reports a request that was aborted',
    ],
  },
  {
    name: 'reports requests under the name of its kind',
    mutation: { reported: (event) => [{ ...event, provider: 'kind' }] },
    foundBy: ['reports an event for each request', 'reports an event for a probe'],
  },
  {
    name: 'names the secret in events',
    mutation: { reported: (event) => [{ ...event, operation: 'read unseen' }] },
    foundBy: ['shows no value and no location'],
  },
  {
    name: 'keeps a connection that does not keep the process running',
    mutation: { closesSockets: false },
    foundBy: ['keeps no resource open'],
  },
  { name: 'keeps a timer of its clock', mutation: { endsClockTimers: false }, foundBy: ['keeps no resource open'] },
  {
    name: 'names another secret in hints',
    mutation: { hintedName: () => 'another' },
    foundBy: ['sends hints about changes'],
  },
  { name: 'sends no hints', mutation: { sendsHints: false }, foundBy: ['sends hints about changes'] },
  {
    name: 'sends hints to removed listeners',
    mutation: { keepsListeners: true },
    foundBy: ['sends hints about changes'],
  },
  { name: 'keeps a timer', mutation: { endsTimers: false }, foundBy: ['keeps no resource open'] },
  { name: 'can be closed only once', mutation: { closesOnce: true }, foundBy: ['can be closed twice'] },
  {
    name: 'does not abort reads when it is closed',
    mutation: { closingAborts: false },
    foundBy: ['aborts reads in flight'],
  },
];
