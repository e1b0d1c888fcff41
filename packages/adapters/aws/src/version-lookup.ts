import { mapConcurrently } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import { providerErrorFor } from './aws-error.ts';
import type { CallTarget, SecretsClient } from './client.ts';
import { CURRENT_STAGE } from './labels.ts';
import { idsOf } from './secret-id.ts';
import { type RequestedSecret, type SecretState, type SecretStates, versionsByStage } from './secret-state.ts';

/** The most secrets that AWS reads in one batch. */
export const BATCH = 20;
const AT_ONCE = 8;

/**
 * Reads the current values, 20 per call, and discards them: only their versions are needed. Secrets that follow
 * another label are left out. Rejects if the call itself fails.
 */
export async function readInBatches(
  client: SecretsClient,
  requested: readonly RequestedSecret[],
  target: CallTarget,
): Promise<SecretStates> {
  const asked = requested.filter(({ needsStages }) => !needsStages);
  const batches = Array.from({ length: Math.ceil(asked.length / BATCH) }, (_, index) =>
    asked.slice(index * BATCH, (index + 1) * BATCH),
  );
  const states: SecretStates = new Map();
  await mapConcurrently(batches, AT_ONCE, async (batch) => {
    let nextToken: string | undefined;
    do {
      const answer = await client.batch(
        {
          SecretIdList: batch.map(({ secretId }) => secretId),
          ...(nextToken === undefined ? {} : { NextToken: nextToken }),
        },
        target,
      );
      nextToken = answer.NextToken;
      for (const { ARN: arn, Name: name, VersionId: versionId } of answer.SecretValues ?? []) {
        if (arn === undefined || name === undefined || versionId === undefined) continue;
        const versions = new Map([[CURRENT_STAGE, versionId]]);
        for (const id of idsOf({ arn, name })) {
          states.set(id, { kind: 'found', arn, versions, onlyCurrent: true, mayBeOld: false });
        }
      }
      for (const { SecretId: id, ErrorCode: errorCode, Message: message } of answer.Errors ?? []) {
        const displayName = batch.find(({ secretId }) => secretId === id)?.displayName;
        if (id === undefined || displayName === undefined) continue;
        const error = providerErrorFor({ name: errorCode, message }, { displayName, action: 'GetSecretValue' });
        states.set(id, { kind: 'failed', error });
      }
    } while (nextToken !== undefined);
  });
  return states;
}

/** The result of describing secrets, and whether our policy allows it for none of them. */
export interface Described {
  readonly states: SecretStates;
  readonly isRefused: boolean;
}

/** Describes each secret. Those that our policy does not allow are left out. Rejects if AWS does not answer. */
export async function describeEach(
  client: SecretsClient,
  requested: readonly RequestedSecret[],
  target: CallTarget,
): Promise<Described> {
  const states: SecretStates = new Map();
  let refusals = 0;
  await mapConcurrently(requested, AT_ONCE, async ({ secretId, displayName }) => {
    const state = await describe(client, secretId, { ...target, displayName });
    if (state === 'refused') refusals += 1;
    else states.set(secretId, state);
  });
  return { states, isRefused: refusals === requested.length };
}

async function describe(client: SecretsClient, secretId: string, target: CallTarget): Promise<SecretState | 'refused'> {
  const { displayName } = target;
  try {
    const {
      ARN: arn = '',
      DeletedDate: deletedAt,
      VersionIdsToStages: stages = {},
    } = await client.describe(secretId, target);
    if (deletedAt === undefined) {
      return { kind: 'found', arn, versions: versionsByStage(stages), onlyCurrent: false, mayBeOld: false };
    }
    const message = `${displayName}: it is marked for deletion; restore it, or name another secret`;
    return { kind: 'failed', error: new ProviderError('NOT_FOUND', message) };
  } catch (error) {
    if (!(error instanceof ProviderError) || error.isOutage) throw error;
    return error.code === 'ACCESS_DENIED' ? 'refused' : { kind: 'failed', error };
  }
}
