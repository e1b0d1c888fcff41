import { FakeAwsError } from './fake-error.ts';
import { type FakeSecret, type FakeSecrets, stagesByVersion } from './fake-secrets.ts';

/** The body of a request. */
export interface FakeInput {
  readonly SecretId?: string;
  readonly VersionId?: string;
  readonly VersionStage?: string;
  readonly SecretIdList?: readonly string[];
  readonly Filters?: readonly { readonly Key: string; readonly Values: readonly string[] }[];
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

/** The state that an action works on. */
interface FakeState {
  readonly secrets: FakeSecrets;
  /** The secrets that a list returns, which may be out of date. */
  readonly listed: () => readonly ListedSecret[];
  /** Throws if the policy denies the action for the secret. */
  readonly authorize: (action: string, name: string | undefined) => void;
}

/** A secret as a list returns it. */
export type ListedSecret = ReturnType<typeof listedSecret>;

type Action = (input: FakeInput, state: FakeState) => object;

const BATCH_MAX = 20;
const PAGE_MAX = 100;

/** The actions that the adapter calls, after AWS's documentation. */
export const fakeActions: Readonly<Record<string, Action>> = {
  GetSecretValue(input, { secrets, authorize }) {
    authorize('GetSecretValue', nameOf(secrets, input.SecretId));
    return value(secrets, input);
  },

  BatchGetSecretValue({ SecretIdList: ids = [] }, { secrets, authorize }) {
    authorize('BatchGetSecretValue', undefined);
    if (ids.length === 0 || ids.length > BATCH_MAX) throw new FakeAwsError('ValidationException', 'secretIdList');
    const SecretValues: object[] = [];
    const Errors: object[] = [];
    for (const id of ids) {
      try {
        authorize('GetSecretValue', nameOf(secrets, id));
        SecretValues.push(value(secrets, { SecretId: id }));
      } catch (error) {
        if (!(error instanceof FakeAwsError)) throw error;
        Errors.push({ SecretId: id, ErrorCode: error.code, Message: error.message });
      }
    }
    return { SecretValues, Errors };
  },

  DescribeSecret({ SecretId: id = '' }, { secrets, authorize }) {
    authorize('DescribeSecret', nameOf(secrets, id));
    const secret = secrets.find(id);
    return { ...about(secret), VersionIdsToStages: stagesByVersion(secret) };
  },

  ListSecrets({ Filters: filters = [], MaxResults: most = PAGE_MAX, NextToken: token = '0' }, { listed, authorize }) {
    authorize('ListSecrets', undefined);
    if (most > PAGE_MAX) throw new FakeAwsError('ValidationException', 'maxResults');
    if (filters.some(({ Key, Values }) => Key !== 'name' || Values.length > 10)) {
      throw new FakeAwsError('InvalidParameterException', 'this fake supports only filters by up to ten names');
    }
    const found = listed().filter(({ Name }) =>
      filters.every(({ Values }) => Values.some((prefix) => Name.startsWith(prefix))),
    );
    const from = Number(token);
    const NextToken = from + most < found.length ? { NextToken: String(from + most) } : {};
    return { SecretList: found.slice(from, from + most), ...NextToken };
  },
};

/** The current entry of a secret in a list. */
export function listedSecret(secret: FakeSecret) {
  return { ...about(secret), Name: secret.name, SecretVersionsToStages: stagesByVersion(secret) };
}

function about(secret: FakeSecret): object {
  return {
    ARN: secret.arn,
    Name: secret.name,
    CreatedDate: secret.createdSeconds,
    LastChangedDate: secret.changedSeconds,
    LastAccessedDate: secret.accessedSeconds,
    DeletedDate: secret.deletedSeconds,
  };
}

function value(secrets: FakeSecrets, { SecretId: id = '', VersionId, VersionStage }: FakeInput): object {
  const { secret, version } = secrets.version(id, VersionId, VersionStage);
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.id,
    SecretString: version.SecretString,
    SecretBinary: version.SecretBinary,
    VersionStages: [...version.stages],
    CreatedDate: version.createdSeconds,
  };
}

/** The secret's name for policies; undefined if it does not exist. */
function nameOf(secrets: FakeSecrets, id = ''): string | undefined {
  try {
    return secrets.find(id).name;
  } catch {
    return undefined;
  }
}
