import { ProviderError } from '@vault-swarm/provider';
import { fieldAt, type RestResponse, textAt } from '@vault-swarm/rest-client';

/** What was requested. */
export interface Asked {
  /** The secret or the provider for messages. */
  readonly displayName: string;
  /** The permission that it needs, and a role with it. */
  readonly right: string;
}

/** The permissions of the three calls. */
export const ACCESS_RIGHT = 'secretmanager.versions.access (role Secret Manager Secret Accessor)';
export const GET_RIGHT = 'secretmanager.versions.get (role Secret Manager Viewer)';
export const LIST_RIGHT = 'secretmanager.versions.list (role Secret Manager Viewer)';

/** How long Google is not polled after it rejected calls because of a quota, which is for each minute. */
const SLOW_DOWN_MS = 15_000;

/**
 * The error that a response of Secret Manager means; `null` for success. It contains nothing of the response. A code is
 * proven only by Google's own status, not by an HTTP status that a component in between may send.
 */
export function gcpError(response: RestResponse, { displayName, right }: Asked): ProviderError | null {
  const { status, retryAfterMs } = response;
  if (status === 200 && response.body !== undefined) return null;
  const code = textAt(response.body, 'error', 'status');
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  switch (status) {
    case 200:
      return new ProviderError('UNAVAILABLE', `${displayName}: the response is not JSON; check GCP_ENDPOINT`);
    case 400:
      return invalid(displayName, code);
    case 401:
      return new ProviderError('UNAUTHENTICATED', `${displayName}: Google rejects the token; check its credentials`);
    case 403:
      return forbidden(displayName, right, code, reasonOf(response.body));
    case 404: {
      const advice =
        'there is no such secret or version in this project; correct the labels or GCP_PROJECT_ID, or create it';
      return new ProviderError('NOT_FOUND', `${displayName}: ${advice}`, { isProven: code === 'NOT_FOUND' });
    }
    case 429:
      return new ProviderError(
        'RATE_LIMITED',
        `${displayName}: a quota of the project is used up; increase the poll interval, set GCP_MAX_CALLS_PER_HOUR, or raise the quota`,
        { retryAfterMs: retryAfterMs ?? SLOW_DOWN_MS },
      );
    default:
      return new ProviderError('UNAVAILABLE', `${displayName}: Google answers with status ${status}`, retry);
  }
}

/** Google answers 400 for a version that is disabled or destroyed, and for one that can't exist. */
function invalid(displayName: string, code: string | undefined): ProviderError {
  if (code === 'FAILED_PRECONDITION') {
    const advice = 'enable it, add a new version, or follow latest-enabled';
    return new ProviderError('NOT_FOUND', `${displayName}: this version is disabled or destroyed; ${advice}`);
  }
  return new ProviderError('INVALID_REF', `${displayName}: Google does not accept this name or version`, {
    isProven: code === 'INVALID_ARGUMENT',
  });
}

function forbidden(
  displayName: string,
  right: string,
  code: string | undefined,
  reason: string | undefined,
): ProviderError {
  if (reason === 'SERVICE_DISABLED') {
    const advice = 'enable it: gcloud services enable secretmanager.googleapis.com';
    return new ProviderError(
      'UNAVAILABLE',
      `${displayName}: the Secret Manager API is disabled in the project; ${advice}`,
    );
  }
  if (reason === 'BILLING_DISABLED') {
    return new ProviderError('UNAVAILABLE', `${displayName}: billing is disabled for the project; enable it`);
  }
  const message = `${displayName}: the identity has no permission, or there is no such secret; allow ${right}`;
  return new ProviderError('ACCESS_DENIED', message, { isProven: code === 'PERMISSION_DENIED' });
}

/** The reason in Google's `ErrorInfo`. */
function reasonOf(body: unknown): string | undefined {
  const details = fieldAt(body, 'error', 'details');
  if (!Array.isArray(details)) return undefined;
  for (const detail of details as readonly unknown[]) {
    const reason = textAt(detail, 'reason');
    if (reason !== undefined) return reason;
  }
  return undefined;
}
