export { type AccessDenial, AccessGuard, AccessRefused } from './access/access-guard.ts';
export { type AccessPolicy, type AccessRule, ALLOW_ALL } from './access/access-policy.ts';
export { type IneffectiveRule, unreachableRules, unusedRules } from './access/check-policy.ts';
export { type AccessDecision, decideAccess } from './access/decide-access.ts';
export { PolicyReload, type PolicyReloadPorts } from './access/policy-reload.ts';
export type { SecretConsumer } from './access/stack-membership.ts';
export { decodeBase64 } from './base64.ts';
export { CallBudget } from './call-budget.ts';
export type { CheckedSecret, CheckOptions, ChecksSecrets, SecretToCheck } from './checks-secrets.ts';
export {
  type ConfigurationProblem,
  type DeliveredDirectory,
  Environment,
  type NamedCredential,
} from './configuration.ts';
export { type ConfigurationWarning, warningCodes } from './configuration-warning.ts';
export { Credential } from './credential.ts';
export { decryptionLabels } from './decryption-labels.ts';
export type { DecryptOptions, Decryptor } from './decryptor.ts';
export { explainDefaultPath } from './default-path.ts';
export { defineProvider, type ProviderSpec } from './define-provider.ts';
export type { DeliveryRecord } from './delivery-record.ts';
export {
  type DeliverySource,
  type EventListener,
  type Events,
  type LeaseLimit,
  leaseLimits,
  type NoticedBy,
  noticedBy,
  type ProductEvent,
  type RolloutCause,
  type TimedEvent,
} from './events.ts';
export { type ParsedFields, parseFields, withoutByteOrderMark } from './json-fields.ts';
export { JsonLimiter, type JsonLimits, limitJson, TooMuchJson } from './json-limits.ts';
export { LabelReader, type LabelScheme, MAX_DEBOUNCE_MS, type NamedScheme, type Target } from './labels.ts';
export type {
  HolderPurpose,
  IssuedLease,
  LeaseHolder,
  LeaseHolders,
  LeaseIssuer,
  RenewedLease,
} from './lease-issuer.ts';
export type { LeasedAnswer, LeasedRequest, LeasedValues } from './leased-values.ts';
export {
  isLosslessJsonObject,
  type LosslessJson,
  type LosslessJsonObject,
  type LosslessNumber,
  parseLosslessJson,
  stringifyLosslessJson,
} from './lossless-json.ts';
export { inWords, type OrchestratorWords } from './orchestrator-words.ts';
export type { OwnFile } from './own-file.ts';
export {
  DEFAULT_FIELDS,
  hasSeveralFields,
  type Payload,
  payloadOfBytes,
  payloadOfText,
  selectValue,
} from './payload.ts';
export type { ProbeOutcome } from './probe-outcome.ts';
export { locateRefs, ProbedRefs, type ProbeResults } from './probed-refs.ts';
export {
  type OrchestratorAdvice,
  outageTexts,
  type Problem,
  type ProblemCode,
  type ProblemContext,
  ProblemList,
  type ProblemSeverity,
  problem,
  problemCodes,
  problemSeverities,
  rankedProblems,
} from './problem.ts';
export { configureProvider, type ProviderDefinition, type ProviderSettings } from './provider-definition.ts';
export {
  type DeliveryErrorCode,
  isOutageCode,
  ProviderError,
  type ProviderErrorCode,
  providerErrorCodes,
} from './provider-error.ts';
export { createInstance, type InstanceParts, type ProviderInstance } from './provider-instance.ts';
export type {
  NestedSettings,
  ParseContext,
  ProviderModule,
  ProviderTools,
  ProviderVariables,
  RequestPrice,
} from './provider-module.ts';
export { type Proxies, parseProxies, proxyAddress, proxyVariables } from './proxies.ts';
export { type LocationRead, ReadCoalescer } from './read-coalescer.ts';
export { type ReadFile, UnusableFile, whyUnreadable } from './read-file.ts';
export { reportRequest } from './report-request.ts';
export { RereadSchedule } from './reread-schedule.ts';
export { revisionName } from './revision-name.ts';
export type { RevisionRequest, RevisionSelection, RevisionSelector } from './revision-selection.ts';
export { type ParsedWindow, parseRotationWindow, RotationWindow, type WindowOpening } from './rotation-window.ts';
export type { Labels, RotateMode, SecretLabels, StartTimes } from './secret-labels.ts';
export type {
  CallOptions,
  ChangeHints,
  ChangeProbe,
  ProbeResult,
  ReadOptions,
  RevisionOrder,
  RevisionReader,
  SecretProvider,
  SecretRevision,
} from './secret-provider.ts';
export {
  canonicalPath,
  consumerKey,
  type Decryption,
  describeRef,
  type Encoding,
  type LeaseTerms,
  leaseKey,
  refKey,
  type SecretRef,
} from './secret-ref.ts';
export { SecretValue } from './secret-value.ts';
export { ONE_LINE, type TextForm, VISIBLE_ASCII } from './text-form.ts';
export { isThisMachine } from './this-machine.ts';
export { VALUE_LIMIT_BYTES } from './value-limit.ts';
