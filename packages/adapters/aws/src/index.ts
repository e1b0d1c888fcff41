export { type AwsOptions, aws } from './aws.ts';
export { type AwsProviderOptions, createAwsProvider } from './provider.ts';
