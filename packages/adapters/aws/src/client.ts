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
import { type Events, ProviderError } from '@vault-swarm/provider';
import { agentOptions } from './agent-options.ts';
import { type Asked, codeOf, providerErrorFor } from './aws-error.ts';
import { BoundedHandler } from './bounded-handler.ts';
import type { CallBudget } from './call-budget.ts';
import { CallEvents } from './call-events.ts';
import type { AwsConfig } from './config.ts';
import { type AwsIdentity, AwsLogin } from './credentials.ts';
import { regionOfProfile } from './shared-files.ts';
import { silentLogger } from './silent-logger.ts';

/** The longest that one call may take, its repetitions included. */
const CALL_DEADLINE_MS = 10_000;
/** A connection that takes longer is given up. */
const CONNECT_MS = 3_000;
/** An answer that does not start in this time is given up; what drips is cut off by the call's deadline. */
const ANSWER_MS = 8_000;
/** Labels name regions, by ARNs. AWS has some forty, with two purposes each. */
const MAX_CLIENTS = 128;
/** A call that AWS refuses for asking too often, or that gets lost, is sent so often at most. */
const ATTEMPTS = 3;

/**
 * What a call is for. Those that look for changes pace themselves when AWS asks to slow down; what a task waits for is not
 * held back by that.
 */
type Purpose = 'read' | 'probe';

/** The word for each command in events. */
const OPERATIONS: Readonly<Record<string, string>> = {
  GetSecretValueCommand: 'read',
  BatchGetSecretValueCommand: 'batch',
  ListSecretsCommand: 'list',
  DescribeSecretCommand: 'describe',
};

/** Where a call goes, and whom it is for. */
export interface CallTarget {
  /** `undefined`: the configured one. */
  readonly region: string | undefined;
  /** The secret, or the provider, as messages name it. */
  readonly displayName: string;
  readonly signal: AbortSignal;
}

/** What the client needs from outside. */
export interface SecretsClientOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly events: Events;
  readonly budget: CallBudget;
}

/**
 * The four calls of AWS Secrets Manager that we make, in any region. Every method rejects with a ProviderError only: within 100 ms
 * of an abort, and at the latest after 10 s.
 */
export class SecretsClient {
  readonly #config: AwsConfig;
  readonly #options: SecretsClientOptions;
  readonly #login: AwsLogin;
  readonly #handler: BoundedHandler;
  /** By purpose and region. One that goes has no connection of its own. */
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

  /** Ends all connections. Calls in progress are cut off. */
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
      if (either.aborted) throw new ProviderError('UNAVAILABLE', `${displayName}: the call was cut off`);
      if (error instanceof DeadlineExceeded) {
        throw new ProviderError('UNAVAILABLE', `${displayName}: AWS did not answer within ${error.deadlineMs} ms`);
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
      // The date makes the SDK ask each time: how long an identity serves is decided in one place.
      credentials: async (): Promise<AwsIdentity> => ({ ...(await this.#login.identity()), expiration: new Date(0) }),
      requestHandler: this.#handler,
      maxAttempts: ATTEMPTS,
      retryMode: purpose === 'probe' ? 'adaptive' : 'standard',
      region: region ?? (() => regionOfProfile(this.#config)),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(useFips ? { useFipsEndpoint: true } : {}),
    });
    const { budget } = this.#options;
    // Inside of the SDK's repetitions: each attempt is a request, and costs what a request costs.
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
