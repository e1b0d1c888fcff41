import { loadSsoSessionData, parseKnownFiles } from '@smithy/core/config';
import type { AwsConfig } from './config.ts';
import { sharedFilesOf } from './shared-files.ts';

/** The settings of a profile with IAM Identity Center (SSO), with the SDK's names. */
export interface SsoProfile {
  readonly ssoSession?: string;
  readonly ssoStartUrl: string;
  readonly ssoRegion: string;
  readonly ssoAccountId: string;
  readonly ssoRoleName: string;
}

/**
 * Returns our profile if it uses SSO. Returns `undefined` for others and for incomplete ones, which the SDK then
 * reports. It is read here because the SDK's chain would use the files that the environment names.
 */
export async function ssoProfileOf(config: AwsConfig): Promise<SsoProfile | undefined> {
  const files = sharedFilesOf(config);
  const profile = (await parseKnownFiles(files))[files.profile];
  if (profile?.sso_account_id === undefined || profile.role_arn !== undefined) return undefined;
  const session = profile.sso_session;
  const signIn = session === undefined ? profile : (await loadSsoSessionData(files))[session];
  const { sso_account_id: ssoAccountId, sso_role_name: ssoRoleName } = profile;
  const { sso_start_url: ssoStartUrl, sso_region: ssoRegion } = signIn ?? {};
  if (ssoRoleName === undefined || ssoStartUrl === undefined || ssoRegion === undefined) return undefined;
  const named = session === undefined ? {} : { ssoSession: session };
  return { ...named, ssoStartUrl, ssoRegion, ssoAccountId, ssoRoleName };
}
