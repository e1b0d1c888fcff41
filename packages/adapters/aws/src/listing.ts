import type { CallTarget, SecretsClient } from './client.ts';
import { commonPrefixes } from './name-prefixes.ts';
import { idsOf, namePrefixOf } from './secret-id.ts';
import { type RequestedSecret, type SecretStates, versionsByStage } from './secret-state.ts';

/** The most that AWS gives at once. */
const PAGE = 100;

/** How a list is made. */
export interface ListOptions {
  /** No more pages than this, wherever the secrets may be. */
  readonly maxPages: number;
  /** Whether AWS is asked for names that start like ours only. */
  readonly filtered: boolean;
}

/** What a list told. */
export interface Listed {
  readonly states: SecretStates;
  readonly pages: number;
  /** False where there are more pages than were wanted. */
  readonly isComplete: boolean;
}

/**
 * Asks for the secrets of the account, a hundred a call, with the versions of each, until those that are wanted were found. May be
 * five minutes behind, and does not name secrets that are marked for deletion or those of other accounts.
 */
export async function listSecrets(
  client: SecretsClient,
  requested: readonly RequestedSecret[],
  target: CallTarget,
  { maxPages, filtered }: ListOptions,
): Promise<Listed> {
  const ids = new Set(requested.map(({ secretId }) => secretId));
  const prefixes = filtered ? commonPrefixes(requested.map(({ secretId }) => namePrefixOf(secretId))) : [];
  const states: SecretStates = new Map();
  let pages = 0;
  let nextToken: string | undefined;
  do {
    const answer = await client.list(
      {
        MaxResults: PAGE,
        ...(prefixes.length === 0 ? {} : { Filters: [{ Key: 'name', Values: [...prefixes] }] }),
        ...(nextToken === undefined ? {} : { NextToken: nextToken }),
      },
      target,
    );
    pages += 1;
    nextToken = answer.NextToken;
    for (const { ARN: arn, Name: name, SecretVersionsToStages: stages } of answer.SecretList ?? []) {
      if (arn === undefined || name === undefined || stages === undefined) continue;
      for (const secretId of idsOf({ arn, name })) {
        if (!ids.delete(secretId)) continue;
        states.set(secretId, {
          kind: 'found',
          arn,
          versions: versionsByStage(stages),
          onlyCurrent: false,
          mayBeOld: true,
        });
      }
    }
  } while (nextToken !== undefined && ids.size > 0 && pages < maxPages);
  return { states, pages, isComplete: nextToken === undefined || ids.size === 0 };
}
