import { randomUUID } from 'node:crypto';
import { Denials } from '../denials.ts';
import { type FakeReply, type FakeRequest, type FakeServer, startFakeServer } from '../fake-server.ts';
import { type FakeInput, fakeActions, type ListedSecret, listedSecret } from './fake-actions.ts';
import { FakeAwsError } from './fake-error.ts';
import { FakeSecrets } from './fake-secrets.ts';

/**
 * A fake of AWS Secrets Manager, after its documentation, for cases that the emulator gets wrong or does not support: faults,
 * denied actions, stale lists, moved labels. It has one account with separate secrets for each region. It identifies callers by
 * their access key, and does not check signatures. The operations of {@link FakeServer.disturb} are the actions of AWS.
 */
export interface AwsFake extends FakeServer {
  /** The secrets of a region, for writes as an administrator. */
  secrets(region?: string): FakeSecrets;
  /** Denies an action, for one secret or for all. The returned function ends it. */
  deny(action: string, name?: string): () => void;
  /** Freezes the content of lists. The returned function ends it. */
  freezeLists(): () => void;
  /** Rejects requests with other keys than these. By default every key is accepted. */
  accept(...accessKeyIds: readonly string[]): void;
}

const REGION = 'eu-west-1';

/** An error as AWS sends it. */
export function awsError(code: string, message = code, status = 400): FakeReply {
  return reply(status, { __type: code, Message: message, message }, { 'x-amzn-errortype': code });
}

/** Starts a fake on a free port of 127.0.0.1, in this process. */
export async function startAwsFake(): Promise<AwsFake> {
  const regions = new Map<string, FakeSecrets>();
  const denials = new Denials<string>();
  let frozen: Map<string, readonly ListedSecret[]> | undefined;
  let accepted: ReadonlySet<string> | undefined;

  const secretsOf = (region = REGION) => {
    const secrets = regions.get(region) ?? new FakeSecrets(region);
    regions.set(region, secrets);
    return secrets;
  };
  const listsNow = () => new Map([...regions].map(([region, secrets]) => [region, secrets.all().map(listedSecret)]));

  const authorize = (action: string, name: string | undefined) => {
    if (!denials.has(action, name)) return;
    throw new FakeAwsError(
      'AccessDeniedException',
      `User is not authorized to perform: secretsmanager:${action} because no identity-based policy allows it`,
    );
  };

  const operationOf = ({ headers }: FakeRequest) => String(headers['x-amz-target']).split('.')[1] ?? '';
  const perform = (request: FakeRequest): object => {
    const { authorization = '' } = request.headers;
    const [, keyId = '', region = REGION] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(authorization) ?? [];
    if (accepted?.has(keyId) === false) {
      throw new FakeAwsError('UnrecognizedClientException', 'The security token included in the request is invalid.');
    }
    const secrets = secretsOf(region);
    const action = fakeActions[operationOf(request)];
    if (action === undefined) throw new FakeAwsError('InvalidAction', `not in this fake: ${operationOf(request)}`);
    const listed = () => frozen?.get(region) ?? secrets.all().map(listedSecret);
    return action(JSON.parse(request.body || '{}') as FakeInput, { secrets, listed, authorize });
  };

  const server = await startFakeServer({
    operationOf,
    answer(request) {
      try {
        return reply(200, perform(request));
      } catch (error) {
        if (error instanceof FakeAwsError) return awsError(error.code, error.message, error.status);
        return awsError('InternalServiceError', String(error), 500);
      }
    },
  });

  return {
    ...server,
    secrets: secretsOf,
    deny: denials.deny,
    freezeLists() {
      frozen = listsNow();
      return () => {
        frozen = undefined;
      };
    },
    accept(...accessKeyIds) {
      accepted = new Set(accessKeyIds);
    },
  };
}

function reply(status: number, body: object, headers: Readonly<Record<string, string>> = {}): FakeReply {
  const ofAws = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() };
  return { status, body, headers: { ...ofAws, ...headers } };
}
