import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { type Clock, DeadlineExceeded, withDeadline } from '@vault-swarm/kernel';
import { type DecryptOptions, type Decryptor, type Events, ProviderError } from '@vault-swarm/provider';
import { agentOptions } from '../agent-options.ts';
import { codeOf } from '../aws-error.ts';
import { BoundedHandler } from '../bounded-handler.ts';
import { CallEvents } from '../call-events.ts';
import type { AwsConfig } from '../config.ts';
import { type AwsIdentity, AwsLogin } from '../credentials.ts';
import { regionOfProfile } from '../shared-files.ts';
import { silentLogger } from '../silent-logger.ts';
import { kmsErrorFor } from './kms-error.ts';

/** The timeout of one call, including its retries. */
const CALL_DEADLINE_MS = 10_000;
const CONNECT_MS = 3_000;
const ANSWER_MS = 8_000;
const ATTEMPTS = 3;
/** KMS's own limit for a ciphertext. A longer value is no ciphertext of KMS, so it is not sent. */
const MAX_CIPHERTEXT_BYTES = 6_144;

/** The dependencies of a decryptor. */
export interface KmsDecryptorOptions {
  /** The name in events and metrics. */
  readonly name: string;
  readonly clock: Clock;
  /** Receives an event for each call. */
  readonly events: Events;
}

/** Creates a decryptor by AWS KMS. The ciphertext names the key. It makes no call before it is used. */
export function createKmsDecryptor(config: AwsConfig, { name, clock, events }: KmsDecryptorOptions): Decryptor {
  const login = new AwsLogin(config, { name, clock, events });
  const closing = new AbortController();
  const { region, kmsEndpoint, useFips } = config;
  const calls = new WeakMap<object, CallEvents>();
  const client = new KMSClient({
    // The date makes the SDK ask each time, so that only AwsLogin decides how long an identity is used.
    credentials: async (): Promise<AwsIdentity> => ({ ...(await login.identity()), expiration: new Date(0) }),
    requestHandler: new BoundedHandler({
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
      logger: silentLogger,
      ...agentOptions(config),
    }),
    maxAttempts: ATTEMPTS,
    region: region ?? (() => regionOfProfile(config)),
    ...(kmsEndpoint === undefined ? {} : { endpoint: kmsEndpoint }),
    ...(useFips ? { useFipsEndpoint: true } : {}),
  });
  // Inside the SDK's retries: each attempt is one request, and is charged as one.
  client.middlewareStack.add(
    (next) => async (args) => {
      const ended = calls.get(args.input)?.sent('decrypt');
      try {
        const result = await next(args);
        ended?.('ok');
        return result;
      } catch (error) {
        ended?.(codeOf(error));
        throw error;
      }
    },
    { step: 'finalizeRequest', priority: 'low', name: 'countRequests' },
  );

  async function decrypt(ciphertext: Uint8Array, { context, signal }: DecryptOptions): Promise<Uint8Array> {
    const input = {
      CiphertextBlob: ciphertext,
      ...(Object.keys(context).length === 0 ? {} : { EncryptionContext: { ...context } }),
    };
    const call = new CallEvents({ provider: name, clock, events });
    calls.set(input, call);
    const send = async () => {
      const { Plaintext: plaintext } = await client.send(new DecryptCommand(input), { abortSignal: signal });
      if (plaintext === undefined) throw new Error('the response has no plaintext');
      return plaintext;
    };
    try {
      const identity = await login.identity();
      try {
        return await send();
      } catch (error) {
        if (codeOf(error) !== 'UNAUTHENTICATED' || !(await login.renew(identity))) throw error;
        return await send();
      }
    } finally {
      call.ended();
    }
  }

  return {
    async decrypt(ciphertext, options) {
      const { displayName } = options;
      if (ciphertext.byteLength === 0 || ciphertext.byteLength > MAX_CIPHERTEXT_BYTES) {
        const message = `${displayName}: it has ${ciphertext.byteLength} bytes, and a ciphertext of AWS KMS has 1 to ${MAX_CIPHERTEXT_BYTES}`;
        throw new ProviderError('INVALID_PAYLOAD', message);
      }
      const either = AbortSignal.any([options.signal, closing.signal]);
      try {
        return await withDeadline(clock, CALL_DEADLINE_MS, either, (signal) =>
          decrypt(ciphertext, { ...options, signal }),
        );
      } catch (error) {
        if (either.aborted) throw new ProviderError('UNAVAILABLE', `${displayName}: the decryption was aborted`);
        if (error instanceof DeadlineExceeded)
          throw new ProviderError(
            'UNAVAILABLE',
            `${displayName}: AWS KMS did not answer within ${error.deadlineMs} ms; check the network and any proxy on the way`,
          );
        throw kmsErrorFor(error, displayName);
      }
    },
    async close() {
      closing.abort(new Error('closed'));
      client.destroy();
    },
  };
}
