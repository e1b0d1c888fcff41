import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type FakeInput, fakeActions, type ListedSecret, listedSecret } from './fake-actions.ts';
import { FakeAwsError } from './fake-error.ts';
import { FakeSecrets } from './fake-secrets.ts';

/** A fault of a request. */
export type AwsFault =
  /** The response is this error. */
  | { readonly kind: 'error'; readonly code: string; readonly message?: string; readonly status?: number }
  /** The connection is closed without a response. */
  | { readonly kind: 'reset' }
  /** There is no response. */
  | { readonly kind: 'hang' }
  /** The response arrives byte by byte, with this delay in between. */
  | { readonly kind: 'drip'; readonly intervalMs: number };

/** Which requests get a fault: all, or those of one action; always, or a limited number of times. */
export interface AwsFaultRule {
  readonly fault: AwsFault;
  readonly action?: string;
  readonly times?: number;
}

/** The requests so far. */
export interface AwsFakeCounts {
  /** The number of calls by action. */
  readonly calls: number;
  readonly byAction: Readonly<Record<string, number>>;
  /** The size of all bodies in both directions. */
  readonly bytes: number;
}

/**
 * A fake of AWS Secrets Manager, after its documentation, for cases that the emulator gets wrong or does not support: faults,
 * denied actions, stale lists, moved labels. It has one account with separate secrets for each region. It identifies callers by
 * their access key, and does not check signatures.
 */
export interface AwsFake {
  readonly endpoint: string;
  /** The secrets of a region, for writes as an administrator. */
  secrets(region?: string): FakeSecrets;
  /** Injects a fault into matching requests. The returned function ends it. */
  disturb(rule: AwsFaultRule): () => void;
  /** Denies an action, for one secret or for all. The returned function ends it. */
  deny(action: string, name?: string): () => void;
  /** Freezes the content of lists. The returned function ends it. */
  freezeLists(): () => void;
  /** Rejects requests with other keys than these. By default every key is accepted. */
  accept(...accessKeyIds: readonly string[]): void;
  counts(): AwsFakeCounts;
  resetCounts(): void;
  stop(): Promise<void>;
}

const REGION = 'eu-west-1';

/** Starts a fake on a free port of 127.0.0.1, in this process. */
export async function startAwsFake(): Promise<AwsFake> {
  const regions = new Map<string, FakeSecrets>();
  const rules = new Set<{ readonly rule: AwsFaultRule; left: number }>();
  const denied = new Set<{ readonly action: string; readonly name: string | undefined }>();
  let frozen: Map<string, readonly ListedSecret[]> | undefined;
  let accepted: ReadonlySet<string> | undefined;
  let counts = { calls: 0, byAction: new Map<string, number>(), bytes: 0 };

  const secretsOf = (region = REGION) => {
    const secrets = regions.get(region) ?? new FakeSecrets(region);
    regions.set(region, secrets);
    return secrets;
  };
  const listsNow = () => new Map([...regions].map(([region, secrets]) => [region, secrets.all().map(listedSecret)]));

  const authorize = (action: string, name: string | undefined) => {
    for (const rule of denied) {
      if (rule.action !== action || (rule.name !== undefined && rule.name !== name)) continue;
      throw new FakeAwsError(
        'AccessDeniedException',
        `User is not authorized to perform: secretsmanager:${action} because no identity-based policy allows it`,
      );
    }
  };

  const faultFor = (action: string): AwsFault | undefined => {
    for (const entry of rules) {
      if (entry.rule.action !== undefined && entry.rule.action !== action) continue;
      if (entry.left <= 0) continue;
      entry.left -= 1;
      return entry.rule.fault;
    }
    return undefined;
  };

  const answerTo = (action: string, text: string, authorization: string): object => {
    const [, keyId = '', region = REGION] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(authorization) ?? [];
    if (accepted?.has(keyId) === false) {
      throw new FakeAwsError('UnrecognizedClientException', 'The security token included in the request is invalid.');
    }
    const secrets = secretsOf(region);
    const perform = fakeActions[action];
    if (perform === undefined) throw new FakeAwsError('InvalidAction', `not in this fake: ${action}`);
    const listed = () => frozen?.get(region) ?? secrets.all().map(listedSecret);
    return perform(JSON.parse(text || '{}') as FakeInput, { secrets, listed, authorize });
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const action = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    counts.calls += 1;
    counts.byAction.set(action, (counts.byAction.get(action) ?? 0) + 1);
    const fault = faultFor(action);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'reset') {
      response.destroy();
      return;
    }
    let status = 200;
    let body: object;
    const headers: Record<string, string> = {};
    try {
      if (fault?.kind === 'error') throw new FakeAwsError(fault.code, fault.message ?? fault.code, fault.status);
      body = answerTo(action, text, request.headers.authorization ?? '');
    } catch (error) {
      const failure =
        error instanceof FakeAwsError ? error : new FakeAwsError('InternalServiceError', String(error), 500);
      status = failure.status;
      headers['x-amzn-errortype'] = failure.code;
      body = { __type: failure.code, Message: failure.message, message: failure.message };
    }
    const bytes = Buffer.from(JSON.stringify(body));
    counts.bytes += text.length + bytes.length;
    response.writeHead(status, {
      ...headers,
      'content-type': 'application/x-amz-json-1.1',
      'content-length': String(bytes.length),
      'x-amzn-requestid': randomUUID(),
    });
    if (fault?.kind === 'drip') drip(response, bytes, fault.intervalMs);
    else response.end(bytes);
  };

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake listens on no port');

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    secrets: secretsOf,
    disturb(rule) {
      const entry = { rule, left: rule.times ?? Number.POSITIVE_INFINITY };
      rules.add(entry);
      return () => rules.delete(entry);
    },
    deny(action, name) {
      const rule = { action, name };
      denied.add(rule);
      return () => denied.delete(rule);
    },
    freezeLists() {
      frozen = listsNow();
      return () => {
        frozen = undefined;
      };
    },
    accept(...accessKeyIds) {
      accepted = new Set(accessKeyIds);
    },
    counts: () => ({ ...counts, byAction: Object.fromEntries(counts.byAction) }),
    resetCounts() {
      counts = { calls: 0, byAction: new Map(), bytes: 0 };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function drip(response: ServerResponse, bytes: Buffer, intervalMs: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (sent >= bytes.length) response.end();
    else response.write(bytes.subarray(sent, ++sent));
  }, intervalMs);
  response.once('close', () => clearInterval(timer));
}
