import type { CallTarget, SecretsClient } from './client.ts';
import { commonPrefixes } from './name-prefixes.ts';
import { idsOf, namePrefixOf } from './secret-id.ts';
import { type RequestedSecret, type SecretStates, versionsByStage } from './secret-state.ts';

/** The most entries that AWS returns per page. */
const PAGE = 100;

/** The options of a list. */
export interface ListOptions {
  /** The most pages to read, even if secrets are still missing. */
  readonly maxPages: number;
  /** Whether AWS filters by the prefixes of our names. */
  readonly filtered: boolean;
}

/** The result of a list. */
export interface Listed {
  readonly states: SecretStates;
  readonly pages: number;
  /** False if there are more pages than `maxPages`. */
  readonly isComplete: boolean;
}

/**
 * Lists the account's secrets with their versions, 100 per call, until all requested ones are found. The list may be
 * five minutes old. It has no secrets that are marked for deletion and none of other accounts.
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
