/** The form of a provider's name, which is also in labels and metrics. */
export const PROVIDER_NAME = /^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$/;
