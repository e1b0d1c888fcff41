import type { RotateBody } from '@vault-swarm/http/api';
import { Failure } from '../failure.ts';
import type { PluginClient } from '../plugin/client.ts';
import { similarTo } from '../terminal/similar.ts';

/** The failure for a name that the plugin does not know, with a similar one if there is one. */
export async function unknownName(client: PluginClient, kind: 'secret' | 'service', name: string): Promise<Failure> {
  const known =
    kind === 'secret'
      ? (await client.secrets()).document.secrets.map((entry) => entry.name)
      : (await client.services()).document.services.map((entry) => entry.name);
  const meant = similarTo(name, known);
  const message =
    kind === 'secret' ? `this driver has no secret ${name}` : `no service ${name} uses a secret of this driver`;
  const list = `vault-swarm ${kind}s lists them.`;
  return new Failure('NOT_FOUND', message, meant === null ? list : `Did you mean ${meant}? ${list}`);
}

/** Adds a similar name to the failure of a request for a name that the plugin does not know. */
export async function suggesting<T>(
  client: PluginClient,
  request: RotateBody | null,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'NOT_FOUND' || request === null) throw error;
    throw (await better(client, request)) ?? error;
  }
}

/** The failure with a similar name; `null` if the plugin does not list its names now. */
async function better(client: PluginClient, request: RotateBody): Promise<Failure | null> {
  try {
    if ('secret' in request) return await unknownName(client, 'secret', request.secret);
    if ('service' in request) return await unknownName(client, 'service', request.service);
  } catch {
    // The plugin's own message is shown then.
  }
  return null;
}
