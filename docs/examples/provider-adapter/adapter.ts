import {
  type ChangeProbe,
  createInstance,
  isLosslessJsonObject,
  type Payload,
  type ProbeResult,
  ProviderError,
  type ProviderErrorCode,
  type ProviderInstance,
  type ProviderTools,
  parseLosslessJson,
  refKey,
  reportRequest,
  type SecretProvider,
  type SecretRef,
  selectValue,
} from '@vault-swarm/provider';

/** Where the store is, and who we are to it. */
export interface StoreConfig {
  readonly address: string;
  /** Our token now: asked for with each request, so that another one is taken over at once. */
  readonly token: () => string;
}

const CODES: Readonly<Record<number, ProviderErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'ACCESS_DENIED',
  404: 'NOT_FOUND',
  429: 'RATE_LIMITED',
};

/** A provider on the store: a ref's location is `{name}`. */
export function createStoreProvider({ address, token }: StoreConfig, tools: ProviderTools): ProviderInstance {
  const { name } = tools;
  const closing = new AbortController();

  /** Asks the store about a secret: `HEAD` for its version alone, which costs it no check the value. */
  async function ask(ref: SecretRef, method: 'GET' | 'HEAD', signal: AbortSignal) {
    const secret = ref.location.name;
    if (secret === undefined || secret === '') throw new ProviderError('INVALID_REF', `${name}: a secret needs a name`);
    return reportRequest(tools, method === 'GET' ? 'read' : 'probe', () => send(secret, method, signal));
  }

  async function send(secret: string, method: 'GET' | 'HEAD', signal: AbortSignal) {
    const shown = `${name} ${secret}`;
    try {
      const response = await fetch(`${address}/secrets/${encodeURIComponent(secret)}`, {
        method,
        // `fetch` shares its connections with the whole process, and no instance could close them.
        headers: { Authorization: `Bearer ${token()}`, Connection: 'close' },
        signal: AbortSignal.any([signal, closing.signal]),
      });
      const text = await response.text();
      const version = response.headers.get('x-version');
      if (response.ok && version !== null) return { text, version, shown };
      // What the store says is not shown: it may quote a value.
      throw new ProviderError(CODES[response.status] ?? 'UNAVAILABLE', `${shown}: status ${response.status}`);
    } catch (error) {
      // An error of fetch is not handed on either: its causes hold what could not be parsed.
      throw error instanceof ProviderError ? error : new ProviderError('UNAVAILABLE', `${shown}: there is no answer`);
    }
  }

  const secrets: SecretProvider = {
    async read(ref, { signal }) {
      const { text, version, shown } = await ask(ref, 'GET', signal);
      return { value: selectValue(payloadOf(text, shown), ref), revision: version };
    },
  };

  const probe: ChangeProbe = {
    async probe(refs, { signal }) {
      const results = refs.map(async (ref): Promise<[string, ProbeResult]> => {
        try {
          return [refKey(ref), { kind: 'marker', marker: (await ask(ref, 'HEAD', signal)).version }];
        } catch (error) {
          return [refKey(ref), { kind: 'failed', error: ProviderError.from(error, `${name}: the probe failed`) }];
        }
      });
      const answer = new Map(await Promise.all(results));
      if (signal.aborted) throw new ProviderError('UNAVAILABLE', `${name}: the probe was cut off`);
      return answer;
    },
  };

  return createInstance({ name, secrets, probe, close: async () => closing.abort() });
}

/** What the store holds: `{"text": …}` or `{"fields": {…}}`. */
function payloadOf(text: string, shown: string): Payload {
  const content = fieldsOf(text);
  if (typeof content.text === 'string') return { kind: 'bytes', bytes: new TextEncoder().encode(content.text) };
  if (isLosslessJsonObject(content.fields)) return { kind: 'fields', fields: content.fields };
  throw new ProviderError('INVALID_PAYLOAD', `${shown}: it has neither text nor fields`);
}

/** Numbers keep their digits. What is no JSON has no fields; the parser's own message would quote it. */
function fieldsOf(text: string) {
  try {
    const content = parseLosslessJson(text);
    return isLosslessJsonObject(content) ? content : {};
  } catch {
    return {};
  }
}
