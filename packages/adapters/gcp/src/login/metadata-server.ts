import { ProviderError } from '@vault-swarm/provider';
import type { RestClient, RestResponse } from '@vault-swarm/rest-client';
import type { GcpConfig } from '../config.ts';
import { isProject } from '../secret-name.ts';
import { tokenError } from './token-error.ts';

/** What calls to the metadata service need. */
interface MetadataOptions {
  /** The provider instance's name. */
  readonly name: string;
  readonly rest: RestClient;
}

const NO_ACCOUNT = 'this machine has no service account; give it one, or set GOOGLE_APPLICATION_CREDENTIALS';

/**
 * Asks the metadata service of Google's machines.
 *
 * @see https://cloud.google.com/compute/docs/metadata/querying-metadata
 */
export async function askMetadata(
  { metadataService }: Pick<GcpConfig, 'metadataService'>,
  { name, rest }: MetadataOptions,
  { path, isText, signal }: { readonly path: string; readonly isText: boolean; readonly signal: AbortSignal },
): Promise<RestResponse> {
  const server = `${name}: no credentials are set, and the metadata service of the machine`;
  const response = await rest.send({
    ...{ server, signal, isText },
    operation: 'login',
    method: 'GET',
    url: `${metadataService}/computeMetadata/v1/${path}`,
    headers: { 'metadata-flavor': 'Google' },
    noProxy: true,
    errorOf: (given) => tokenError(given, server, NO_ACCOUNT),
  });
  if (response.header('metadata-flavor') === 'Google') return response;
  throw new ProviderError('UNAUTHENTICATED', `${server} is not Google's; set GOOGLE_APPLICATION_CREDENTIALS`);
}

/** The project of the machine; `undefined` if the plugin has credentials of its own. */
export async function projectOfMachine(
  config: GcpConfig,
  options: MetadataOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (config.credentials !== undefined) return undefined;
  const { body } = await askMetadata(config, options, { path: 'project/project-id', isText: true, signal });
  return typeof body === 'string' && isProject(body.trim()) ? body.trim() : undefined;
}
