import {
  BatchGetSecretValueCommand,
  type BatchGetSecretValueCommandInput,
  type BatchGetSecretValueCommandOutput,
  DescribeSecretCommand,
  type DescribeSecretCommandOutput,
  GetSecretValueCommand,
  type GetSecretValueCommandInput,
  type GetSecretValueCommandOutput,
  ListSecretsCommand,
  type ListSecretsCommandInput,
  type ListSecretsCommandOutput,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { BoundedMap, type Clock, DeadlineExceeded, withDeadline } from '@vault-swarm/kernel';
import { type CallBudget, type Events, ProviderError } from '@vault-swarm/provider';
import { agentOptions } from './agent-options.ts';
import { type Asked, codeOf, providerErrorFor } from './aws-error.ts';
import { BoundedHandler } from './bounded-handler.ts';
import { CallEvents } from './call-events.ts';
import type { AwsConfig } from './config.ts';
import { type AwsIdentity, AwsLogin } from './credentials.ts';
import { regionOfProfile } from './shared-files.ts';
import { silentLogger } from './silent-logger.ts';

/** The timeout of one call, including its retries. */
const CALL_DEADLINE_MS = 10_000;
/** The timeout for opening a connection. */
const CONNECT_MS = 3_000;
/** The timeout until a response starts; the call's deadline also ends slow responses. */
const ANSWER_MS = 8_000;
/** ARNs in labels name regions. AWS has about forty, with two purposes each. */
const MAX_CLIENTS = 128;
/** How often a throttled or lost call is sent at most. */
const ATTEMPTS = 3;

/** What a call is for. Probes slow down if AWS throttles; reads that a task waits for do not. */
type Purpose = 'read' | 'probe';

/** The name of each command in events. */
const OPERATIONS: Readonly<Record<string, string>> = {
  GetSecretValueCommand: 'read',
  BatchGetSecretValueCommand: 'batch',
  ListSecretsCommand: 'list',
  DescribeSecretCommand: 'describe',
};

/** The destination of a call. */
export interface CallTarget {
  /** `undefined`: the configured region. */
  readonly region: string | undefined;
  /** The secret or the provider for messages. */
  readonly displayName: string;
  readonly signal: AbortSignal;
}

/** The dependencies of the client. */
export interface SecretsClientOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly events: Events;
  readonly budget: CallBudget;
}

/**
 * The four calls of AWS Secrets Manager that we use, in any region. Every method rejects only with a ProviderError:
 * within 100 ms after an abort, and after 10 s at the latest.
 */
export class SecretsClient {
  readonly #config: AwsConfig;
  readonly #options: SecretsClientOptions;
  readonly #login: AwsLogin;
  readonly #handler: BoundedHandler;
  /** By purpose and region. An evicted client has no connections of its own. */
  readonly #clients = new BoundedMap<SecretsManagerClient>({ maxEntries: MAX_CLIENTS });
  readonly #closing = new AbortController();
  /** By the input of the call. */
  readonly #requests = new WeakMap<object, CallEvents>();

  constructor(config: AwsConfig, options: SecretsClientOptions) {
    this.#config = config;
    this.#options = options;
    this.#login = new AwsLogin(config, options);
    this.#handler = new BoundedHandler({
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
      logger: silentLogger,
      ...agentOptions(config),
    });
  }

  value(input: GetSecretValueCommandInput, target: CallTarget): Promise<GetSecretValueCommandOutput> {
    return this.#call('read', 'GetSecretValue', target, input, (client, abort) =>
      client.send(new GetSecretValueCommand(input), abort),
    );
  }

  list(input: ListSecretsCommandInput, target: CallTarget): Promise<ListSecretsCommandOutput> {
    return this.#call('probe', 'ListSecrets', target, input, (client, abort) =>
      client.send(new ListSecretsCommand(input), abort),
    );
  }

  describe(secretId: string, target: CallTarget): Promise<DescribeSecretCommandOutput> {
    const input = { SecretId: secretId };
    return this.#call('probe', 'DescribeSecret', target, input, (client, abort) =>
      client.send(new DescribeSecretCommand(input), abort),
    );
  }

  batch(input: BatchGetSecretValueCommandInput, target: CallTarget): Promise<BatchGetSecretValueCommandOutput> {
    return this.#call('probe', 'BatchGetSecretValue', target, input, (client, abort) =>
      client.send(new BatchGetSecretValueCommand(input), abort),
    );
  }

  /** Closes all connections and aborts calls in flight. */
  close(): void {
    this.#closing.abort(new Error('closed'));
    for (const client of this.#clients.values()) client.destroy();
    this.#handler.destroy();
  }

  async #call<Output>(
    purpose: Purpose,
    action: Asked['action'],
    { region, displayName, signal }: CallTarget,
    input: object,
    send: (client: SecretsManagerClient, abort: { readonly abortSignal: AbortSignal }) => Promise<Output>,
  ): Promise<Output> {
    const { name: provider, clock, events } = this.#options;
    const either = AbortSignal.any([signal, this.#closing.signal]);
    const requests = new CallEvents({ provider, clock, events });
    this.#requests.set(input, requests);
    try {
      return await withDeadline(clock, CALL_DEADLINE_MS, either, async (abortSignal) => {
        const client = this.#client(purpose, region);
        const identity = await this.#login.identity();
        try {
          return await send(client, { abortSignal });
        } catch (error) {
          if (codeOf(error) !== 'UNAUTHENTICATED' || !(await this.#login.renew(identity))) throw error;
          return await send(client, { abortSignal });
        }
      });
    } catch (error) {
      if (either.aborted) throw new ProviderError('UNAVAILABLE', `${displayName}: the call was aborted`);
      if (error instanceof DeadlineExceeded) {
        throw new ProviderError(
          'UNAVAILABLE',
          `${displayName}: AWS did not answer within ${error.deadlineMs} ms; check the network and any proxy on the way`,
        );
      }
      throw providerErrorFor(error, { displayName, action });
    } finally {
      requests.ended();
    }
  }

  #client(purpose: Purpose, region = this.#config.region): SecretsManagerClient {
    const key = `${purpose} ${region ?? ''}`;
    const client = this.#clients.get(key) ?? this.#createClient(purpose, region);
    this.#clients.set(key, client);
    return client;
  }

  #createClient(purpose: Purpose, region: string | undefined): SecretsManagerClient {
    const { endpoint, useFips } = this.#config;
    const client = new SecretsManagerClient({
      // The date makes the SDK ask each time, so that only {@link AwsLogin} decides how long an identity is used.
      credentials: async (): Promise<AwsIdentity> => ({ ...(await this.#login.identity()), expiration: new Date(0) }),
      requestHandler: this.#handler,
      maxAttempts: ATTEMPTS,
      retryMode: purpose === 'probe' ? 'adaptive' : 'standard',
      region: region ?? (() => regionOfProfile(this.#config)),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(useFips ? { useFipsEndpoint: true } : {}),
    });
    const { budget } = this.#options;
    // Inside the SDK's retries: each attempt is one request, and is charged as one.
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const ended = this.#requests.get(args.input)?.sent(OPERATIONS[context.commandName ?? ''] ?? 'other');
        budget.count();
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
    return client;
  }
}
