import type { RotateBody } from '@vault-swarm/http/api';
import { Failure } from '../failure.ts';

/** What `rotate` and `plan` can be asked for on the command line. */
export interface RequestArguments {
  readonly secret: string | undefined;
  readonly service: string | undefined;
  readonly quarantined: boolean | undefined;
  readonly force: boolean | undefined;
}

/**
 * What is asked for; `null` where nothing is named.
 * @throws {Failure} `WRONG_USE` where more than one thing is.
 */
export function requestOf({ secret, service, quarantined, force }: RequestArguments): RotateBody | null {
  const forced = force === true ? { force } : {};
  const named: RotateBody[] = [
    ...(secret === undefined ? [] : [{ secret, ...forced }]),
    ...(service === undefined ? [] : [{ service, ...forced }]),
    ...(quarantined === true ? [{ quarantined: true as const }] : []),
  ];
  const [only = null, second] = named;
  if (force === true && secret === undefined && service === undefined) {
    throw new Failure('WRONG_USE', '--force needs a name', 'Give a SECRET or --service NAME with it.');
  }
  if (second === undefined) return only;
  throw new Failure(
    'WRONG_USE',
    'more than one argument selects services',
    'Give one of SECRET, --service NAME and --quarantined.',
  );
}

/** What is asked for, in words. */
export function describeRequest(request: RotateBody): string {
  if ('secret' in request) return `every service that uses the secret ${request.secret}`;
  if ('service' in request) return `the service ${request.service}`;
  return 'every service with quarantined values';
}
