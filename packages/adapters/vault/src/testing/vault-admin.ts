import { type LosslessJson, stringifyLosslessJson } from '@vault-swarm/provider';

/** Sends a request as root. The body goes as it is. */
export type SendAsRoot = (
  method: string,
  path: string,
  body?: string,
  caller?: { readonly wrapTtl?: string },
) => Promise<{ readonly status: number; readonly body: unknown; readonly text: string }>;

/** Writes to a Vault as its operator would. */
export class VaultAdmin {
  readonly #send: SendAsRoot;

  constructor(send: SendAsRoot) {
    this.#send = send;
  }

  /** Sends one request and gives `auth` or `data` of the answer; rejects where it is refused. */
  async send(method: string, path: string, body?: LosslessJson): Promise<Record<string, unknown>> {
    const answer = await this.#send(method, path, body === undefined ? undefined : stringifyLosslessJson(body));
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    const content = answer.body as { data?: Record<string, unknown>; auth?: Record<string, unknown> } | undefined;
    return content?.auth ?? content?.data ?? {};
  }

  /** Sends one request whose answer is wrapped, and gives the token that gives it once. */
  async wrapped(method: string, path: string, body: LosslessJson = {}): Promise<string> {
    const answer = await this.#send(method, path, stringifyLosslessJson(body), { wrapTtl: '5m' });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return (answer.body as { readonly wrap_info: { readonly token: string } }).wrap_info.token;
  }

  async mount(name: string, version: '1' | '2'): Promise<void> {
    await this.send('POST', `sys/mounts/${name}`, { type: 'kv', options: { version } });
    // A new mount of KV v2 refuses for a moment while it prepares itself.
    for (let turn = 0; version === '2'; turn++) {
      try {
        await this.send('POST', `${name}/data/ready`, { data: { ready: true } });
        await this.send('DELETE', `${name}/metadata/ready`);
        return;
      } catch (error) {
        if (turn > 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  async unmount(name: string): Promise<void> {
    await this.send('DELETE', `sys/mounts/${name}`);
  }

  async policy(name: string, rules: string): Promise<void> {
    await this.send('PUT', `sys/policies/acl/${name}`, { policy: rules });
  }

  /** A new token with these policies, beside the default one. */
  async token(...policies: readonly string[]): Promise<string> {
    const { client_token: token } = await this.send('POST', 'auth/token/create', { policies });
    return String(token);
  }

  async revoke(token: string): Promise<void> {
    await this.send('POST', 'auth/token/revoke', { token });
  }

  /** Makes an AppRole with these policies, and gives its ids. */
  async appRole(name: string, policies: readonly string[]): Promise<{ roleId: string; secretId: string }> {
    await this.send('POST', `auth/approle/role/${name}`, { token_policies: policies, token_ttl: '1h' });
    const { role_id: roleId } = await this.send('GET', `auth/approle/role/${name}/role-id`);
    return { roleId: String(roleId), secretId: await this.secretId(name) };
  }

  async secretId(role: string): Promise<string> {
    const { secret_id: secretId } = await this.send('POST', `auth/approle/role/${role}/secret-id`);
    return String(secretId);
  }
}
