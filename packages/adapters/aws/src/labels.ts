import { quoted } from '@vault-swarm/kernel';
import { type LabelScheme, ProviderError } from '@vault-swarm/provider';
import { isStage, isVersionId, nameProblem } from './secret-id.ts';

/** The staging label that AWS moves to the new version at each rotation. */
export const CURRENT_STAGE = 'AWSCURRENT';

/**
 * The labels of the `aws` provider: `aws_secret_name` (a name or ARN, by default `SERVICE/SECRET`), `aws_field` of a
 * JSON object, and either `aws_version_id`, which pins a version, or `aws_version_stage`, which follows another
 * staging label than `AWSCURRENT`.
 */
export const awsLabelScheme: LabelScheme = {
  kind: 'aws',
  names: ['aws_secret_name', 'aws_field', 'aws_version_id', 'aws_version_stage'],
  target(labels, defaultPath) {
    const { aws_secret_name: given, aws_field: field, aws_version_id: pin, aws_version_stage: stage } = labels;
    const name = given ?? defaultPath();
    const problem = nameProblem(name);
    if (problem !== null) {
      const subject =
        given === undefined ? 'without label "aws_secret_name", the default' : 'label "aws_secret_name" =';
      throw new ProviderError('INVALID_REF', `${subject} ${quoted(name)} ${problem}`);
    }
    if (pin !== undefined && stage !== undefined) {
      throw new ProviderError(
        'INVALID_REF',
        `labels "aws_version_id" = ${quoted(pin)} and "aws_version_stage" = ${quoted(stage)} both choose a version; remove one`,
      );
    }
    if (pin !== undefined && !isVersionId(pin)) {
      throw new ProviderError(
        'INVALID_REF',
        `label "aws_version_id" = ${quoted(pin)} must be a version id of 32 to 64 characters, as AWS shows it`,
      );
    }
    if (stage !== undefined && !isStage(stage)) {
      throw new ProviderError(
        'INVALID_REF',
        `label "aws_version_stage" = ${quoted(stage)} must be a staging label such as AWSPENDING`,
      );
    }
    return {
      ...(stage === undefined || stage === CURRENT_STAGE
        ? { location: { name } }
        : { location: { name, stage }, path: name }),
      ...(field === undefined ? {} : { field }),
      ...(pin === undefined ? {} : { pin }),
    };
  },
};
